#![doc = include_str!("../README.md")]

pub mod access;
pub mod observer;
