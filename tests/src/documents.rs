//! Every example in a document compiles and runs: each document is the documentation of an item.

macro_rules! documents {
    ($($name:ident: $path:literal,)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../../", $path))]
        struct $name;
    )*};
}

documents! {
    Readme: "README.md",
    Architecture: "docs/architecture.md",
    Cli: "docs/cli.md",
    Errors: "docs/errors.md",
    Security: "docs/security.md",
    Simulator: "docs/simulator.md",
    Testing: "docs/testing.md",
    Transports: "docs/transports.md",
}
