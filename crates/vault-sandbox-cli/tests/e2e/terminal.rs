//! What a person sees on a terminal of 60 columns; and that a pipe gets it as it is.

use vault_sandbox_simulator::{Effect, Endpoint, Fault};

use crate::harness::{Run, SANDBOX, Seen, World};

const COLUMNS: u16 = 60;

/// Commands as they are typed, what must be in a world for them, and how they end.
type Shown = (&'static [&'static str], fn(&World), i32);

fn nothing(_: &World) {}

fn tokens(world: &World) {
    for (name, expires) in [("ci build of the importer, nightly", "90d"), ("b", "13d")] {
        let create = ["token", "create", SANDBOX, "-n", name, "-e", expires];
        let ran = world.run(&[&create[..], &["-o", "token"]].concat()).go();
        assert_eq!(ran.code(), 0, "{}", ran.said());
    }
}

fn left_open(world: &World) {
    let run = world.run(&["token", "create", SANDBOX, "-o", "exec:false"]);
    assert_eq!(run.go().code(), 20);
}

fn rotation_left_open(world: &World) {
    tokens(world);
    let old = world.vault.tokens(SANDBOX).pop().unwrap().id;
    let rotate = ["token", "rotate", SANDBOX, "-o", "exec:false"];
    let run = world.run(&[&rotate[..], &["--old", &old]].concat());
    assert_eq!(run.go().code(), 20);
}

fn never_deleted(world: &World) {
    tokens(world);
    world.fault(Fault::new(Effect::CloseBefore).on(Endpoint::DeleteTokens));
}

fn two_and_one_dead(world: &World) {
    tokens(world);
    let ran = world.run(&["token", "create", SANDBOX, "-o", "t2"]).go();
    assert_eq!(ran.code(), 0);
    let id = world.vault.tokens(SANDBOX).pop().unwrap().id;
    let ran = world.run(&["token", "revoke", SANDBOX, &id, "--yes"]).go();
    assert_eq!(ran.code(), 0);
}

const SHOWN: [Shown; 30] = [
    (&["sandbox", "list"], nothing, 0),
    (&["sandbox", "show", SANDBOX], nothing, 0),
    (&["sandbox", "show", "VeePharm Sandbx"], nothing, 5),
    (&["token", "list", SANDBOX], tokens, 0),
    (&["token", "list", SANDBOX, "--expiring"], tokens, 31),
    (&["token", "list", SANDBOX], nothing, 0),
    (&["token", "create", SANDBOX, "-o", "token"], nothing, 0),
    (&["token", "create", SANDBOX, "-o", "token"], left_open, 0),
    (&["token", "create", SANDBOX, "--dry-run"], nothing, 0),
    (
        &["token", "create", SANDBOX, "-o", "exec:false"],
        nothing,
        20,
    ),
    (
        &["token", "create", SANDBOX, "-o", "no/such/place/t"],
        nothing,
        10,
    ),
    (&["token", "create", SANDBOX, "-e", "90"], nothing, 2),
    (&["token", "create", SANDBOX, "--frobnicate"], nothing, 2),
    (
        &["token", "revoke", SANDBOX, "--name", "b", "--yes"],
        tokens,
        0,
    ),
    (&["token", "recover"], left_open, 0),
    (&["token", "recover"], rotation_left_open, 0),
    (&["token", "rotate", SANDBOX, "-o", "token"], tokens, 0),
    (&["token", "rotate", SANDBOX], tokens, 3),
    (
        &["token", "rotate", SANDBOX, "-o", "token", "--old", "V9"],
        tokens,
        5,
    ),
    (
        &["token", "rotate", SANDBOX, "-o", "token"],
        never_deleted,
        24,
    ),
    (&["token", "verify", SANDBOX], nothing, 0),
    (
        &["token", "verify", SANDBOX, "--sandbox-token-file", "token"],
        tokens,
        0,
    ),
    (&["token", "verify", "--delivered"], two_and_one_dead, 24),
    (&["token", "verify", "--delivered"], nothing, 3),
    (&["auth", "status"], nothing, 0),
    (&["auth", "login"], nothing, 0),
    (&["auth", "logout"], nothing, 0),
    (&["--simulate", "token", "create", SANDBOX], nothing, 0),
    (&["-vv", "sandbox", "list"], nothing, 0),
    (
        &["sandbox", "list", "--dns", "http://veepharm.veevavault.com"],
        nothing,
        2,
    ),
];

fn run(world: &World, args: &[&str]) -> Run {
    world.run(args).hastily()
}

fn width(line: &str) -> usize {
    line.chars().count()
}

/// A line may only be longer if it is one thing to copy: a command to type, an address, a path.
fn is_whole(line: &str) -> bool {
    let line = line.trim();
    let to_type = ["vault-sandbox ", "curl ", "export "];
    to_type.iter().any(|begins| line.starts_with(begins)) || {
        let longest = line.split(' ').map(width).max().unwrap_or(0);
        // Beside it only its label.
        width(line) - longest <= 12
    }
}

#[track_caller]
fn fits(args: &[&str], seen: &Seen) {
    for line in seen.bare().lines() {
        let fits = width(line) <= usize::from(COLUMNS) || is_whole(line);
        assert!(fits, "{args:?}: {line:?} in\n{}", seen.text);
    }
}

#[test]
fn everything_fits_sixty_columns() {
    for (args, prepare, code) in SHOWN {
        let world = World::new();
        prepare(&world);
        let seen = run(&world, args).in_terminal(COLUMNS);
        assert_eq!(seen.code, code, "{args:?}: {}", seen.text);
        assert!(!seen.text.is_empty(), "{args:?}");
        fits(args, &seen);
        for line in seen.bare().lines() {
            assert_eq!(line, line.trim_end(), "{args:?}: spaces at the end");
        }
    }
}

/// Nothing is lost by fitting: the words are those of a wide terminal, in their order.
#[test]
fn the_same_words_in_every_width() {
    for (args, prepare, code) in SHOWN {
        // Tables are another matter, and the lines of the wire.
        let others = ["list", "--delivered", "-vv"];
        if args.iter().any(|arg| others.contains(arg)) {
            continue;
        }
        let world = World::new();
        prepare(&world);
        let words = |seen: &Seen| -> Vec<_> {
            let text = seen.bare();
            // What differs from run to run.
            let same = |word: &str| !word.contains(|c: char| c.is_ascii_digit());
            text.split_whitespace()
                .filter(|w| same(w))
                .map(str::to_owned)
                .collect()
        };
        let wide = run(&world, args).in_terminal(500);
        let repeats = ["revoke", "login", "logout", "-o"];
        if args.iter().any(|arg| repeats.contains(arg)) {
            continue;
        }
        let narrow = run(&world, args).in_terminal(COLUMNS);
        assert_eq!((wide.code, narrow.code), (code, code), "{args:?}");
        assert_eq!(words(&wide), words(&narrow), "{args:?}");
    }
}

/// A table that does not fit becomes blocks, with the same facts.
#[test]
fn tables_become_blocks() {
    let world = World::new();
    tokens(&world);
    world.run(&["token", "create", SANDBOX, "-o", "t2"]).go();
    for args in [
        &["sandbox", "list"][..],
        &["token", "list", SANDBOX],
        &["token", "verify", "--delivered"],
    ] {
        let wide = run(&world, args).in_terminal(400).bare();
        let rows: Vec<_> = wide.lines().collect();
        let narrow = run(&world, args).in_terminal(COLUMNS).bare();
        let blocks: Vec<_> = narrow.split("\n\n").collect();
        assert_eq!(blocks.len(), rows.len() - 1, "{narrow}");
        for (row, block) in rows[1..].iter().zip(blocks) {
            for cell in row
                .split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
            {
                let block = block.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(block.contains(cell), "{cell:?} in {block}");
            }
        }
    }
}

/// No colour where none is wanted, whoever says so; colour on a terminal.
#[test]
fn colour() {
    let world = World::new();
    let create = ["token", "create", SANDBOX, "-o", "token"];
    let with = |more: &[&str]| run(&world, &[&create[..], more].concat());
    assert!(with(&[]).in_terminal(COLUMNS).text.contains("\u{1b}["));
    for seen in [
        with(&[]).env("NO_COLOR", "1").in_terminal(COLUMNS),
        with(&[]).env("TERM", "dumb").in_terminal(COLUMNS),
        with(&["--color", "never"]).in_terminal(COLUMNS),
        with(&["--plain"]).in_terminal(COLUMNS),
        with(&["--plain", "--color", "always"]).in_terminal(COLUMNS),
    ] {
        assert_eq!(seen.code, 0);
        assert!(!seen.text.contains('\u{1b}'), "{}", seen.text);
        // Nothing is drawn over.
        assert!(!seen.text.contains('\u{8}'));
    }
    let piped = with(&["--color", "always"]).go();
    assert!(piped.said().contains("\u{1b}["));
    assert!(!piped.printed().contains('\u{1b}'), "stdout is data");
}

/// `--plain`: each fact on a line of its own, however narrow the terminal or whatever reads it.
#[test]
fn plain() {
    let world = World::new();
    tokens(&world);
    for args in [
        &["--plain", "sandbox", "list"][..],
        &["--plain", "token", "list", SANDBOX],
        &["--plain", "sandbox", "show", SANDBOX],
    ] {
        let piped = run(&world, args).go();
        assert_eq!(piped.code(), 0, "{}", piped.said());
        let seen = run(&world, args).in_terminal(COLUMNS);
        let stdout = |text: &str| -> Vec<_> { text.lines().map(str::to_owned).collect() };
        let facts = stdout(&piped.printed());
        assert_eq!(stdout(&seen.text).len(), facts.len(), "{}", seen.text);
        for fact in facts.iter().filter(|fact| !fact.is_empty()) {
            let label = fact.split("  ").next().unwrap();
            assert!(label.starts_with(char::is_uppercase), "{fact:?}");
            assert_eq!(fact, fact.trim_end());
        }
        // A row is a block, not a line.
        let blocks = facts.split(|fact| fact.is_empty()).count();
        let rows = match args[1..3] {
            ["sandbox", "list"] => 5,
            ["token", "list"] => 2,
            _ => 1,
        };
        assert_eq!(blocks, rows, "{}", piped.printed());
    }
    let refused = [
        "--plain",
        "token",
        "create",
        SANDBOX,
        "-o",
        "no/such/place/t",
    ];
    let seen = run(&world, &refused).in_terminal(COLUMNS);
    assert!(
        seen.text.lines().any(|line| width(line) > 60),
        "{}",
        seen.text
    );
}

/// Into a pipe a row is a line, in any terminal, whatever COLUMNS says.
#[test]
fn through_a_pipe() {
    let world = World::new();
    tokens(&world);
    world.run(&["token", "create", SANDBOX, "-o", "t2"]).go();
    for args in [
        &["sandbox", "list"][..],
        &["token", "list", SANDBOX],
        &["token", "verify", "--delivered"],
    ] {
        let piped = run(&world, args).env("COLUMNS", "40").go();
        let expected = match (args[0], args[1]) {
            ("sandbox", _) => 6,
            (_, "list") => 4,
            _ => 3,
        };
        assert_eq!(
            piped.printed().lines().count(),
            expected,
            "{}",
            piped.printed()
        );
        let longest = piped.printed().lines().map(width).max().unwrap();
        assert!(longest > 60, "{}", piped.printed());
    }
    // A command substitution on a terminal: stderr wraps, the value does not.
    let create = world.run(&["token", "create", SANDBOX]);
    let seen = create
        .shell("T=$(\"$0\" \"$@\") && printf '%s' \"$T\" | wc -l")
        .in_terminal(COLUMNS);
    assert_eq!(seen.code, 0, "{}", seen.text);
    assert!(seen.text.ends_with("0\n"), "{}", seen.text);
    fits(&["$(…)"], &seen);
}

/// Help fits, and begins with its examples.
#[test]
fn help() {
    let world = World::new();
    for args in [
        &["--help"][..],
        &["token", "create", "--help"],
        &["token", "recover", "--help"],
        &["simulate", "--help"],
    ] {
        let seen = world
            .run_without_login(args)
            .without_timeout()
            .in_terminal(COLUMNS);
        assert_eq!(seen.code, 0);
        fits(args, &seen);
    }
}
