#![doc = include_str!("../README.md")]

pub mod access;
pub mod observer;
pub mod pauses;
pub mod platform;
pub mod removal;
pub mod state;
pub mod stop;
pub mod tokens;
pub mod try_out;
