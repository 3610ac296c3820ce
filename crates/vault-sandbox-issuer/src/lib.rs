#![doc = include_str!("../README.md")]

pub mod access;
pub mod child;
pub mod destinations;
pub mod observer;
mod read;
#[cfg(test)]
mod testing;
