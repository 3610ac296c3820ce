#![doc = include_str!("../README.md")]

pub mod child;
pub mod destinations;
mod read;
#[cfg(test)]
mod testing;
