#![doc = include_str!("../README.md")]

pub mod access;
pub mod aside;
pub mod child;
pub mod destinations;
pub mod issuing;
pub mod observer;
pub mod pauses;
pub mod platform;
pub mod removal;
pub mod state;
pub mod stop;
#[cfg(test)]
mod testing;
pub mod tokens;
pub mod try_out;
