//! Where there is no connection: reliability.md, section B.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use crate::harness::{SANDBOX, TlsServer, World, certificate, check_all, refuse_from_now_on, row};

/// Nobody listens there any more.
fn refused_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dns = listener.local_addr().unwrap().to_string();
    refuse_from_now_on(listener);
    dns
}

#[test]
fn nothing_is_sent_where_there_is_no_connection() {
    check_all(&[
        row("the port is refused", 7, |w| w.create_at(&refused_port())).says(&["refused"]),
        row("gone between the list and the request", 7, |w| {
            // The relay ends after one answer; so does the place it listened at.
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let dns = listener.local_addr().unwrap().to_string();
            let (own, upstream) = (dns.clone(), w.vault.dns().to_owned());
            std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                refuse_from_now_on(listener);
                let request = crate::harness::read_request(&mut stream).unwrap();
                let request = String::from_utf8(request)
                    .unwrap()
                    .replacen("\r\n", "\r\nconnection: close\r\n", 1)
                    .replacen(&own, &upstream, 1);
                let mut other = TcpStream::connect(upstream).unwrap();
                other.write_all(request.as_bytes()).unwrap();
                let mut answer = Vec::new();
                other.read_to_end(&mut answer).unwrap();
                stream.write_all(&answer).unwrap();
            });
            w.create_at(&dns)
        }),
    ]);
}

/// A listener whose queue is full drops what knocks: nothing comes back, not even a refusal.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_never_stands_is_bounded() {
    let hole = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    hole.bind(&any.into()).unwrap();
    hole.listen(0).unwrap();
    let address = hole.local_addr().unwrap();
    let _queued: Vec<_> = (0..4)
        .map(|_| {
            let knocking =
                socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            knocking.set_nonblocking(true).unwrap();
            // In progress, by nature.
            let _ = knocking.connect(&address);
            knocking
        })
        .collect();
    let world = World::new();
    let dns = format!("https://{}", address.as_socket().unwrap());
    let ran = world
        .create_hastily(&["--dns", &dns, "--connect-timeout", "1s"])
        .go();
    assert_eq!(ran.code(), 7, "{}", ran.said());
    assert_eq!(world.files().len(), 0);
}

#[test]
fn certificates_are_checked() {
    let world = World::new();
    let good = certificate("127.0.0.1", 2000..2099);
    let strange = certificate("127.0.0.1", 2000..2099);
    let authority = world.input("authority.pem", good.authority_pem.as_bytes());
    let expired = certificate("127.0.0.1", 2000..2001);
    let of_expired = world.input("expired.pem", expired.authority_pem.as_bytes());
    let other_host = certificate("veepharm.example", 2000..2099);
    let of_other_host = world.input("other.pem", other_host.authority_pem.as_bytes());
    for (chain, authority, words) in [
        (&strange, &authority, "UnknownIssuer"),
        (&expired, &of_expired, "expired"),
        (&other_host, &of_other_host, "veepharm.example"),
    ] {
        let server = TlsServer::start(chain);
        let ran = world
            .run_with_session(&server.dns, &["token", "create", SANDBOX, "-o", "token"])
            .env("VAULT_SANDBOX_DNS", format!("https://{}", server.dns))
            .arg("--ca-file")
            .arg(authority)
            .hastily()
            .go();
        assert_eq!(ran.code(), 7, "{}", ran.said());
        assert_eq!(server.heard(), 0, "a byte of a request got through");
        println!("{words}: {}", ran.said());
        assert!(
            ran.said().contains(words),
            "the cause is named: {}",
            ran.said()
        );
    }
    let server = TlsServer::start(&good);
    let run = world.run_with_session(&server.dns, &["token", "create", SANDBOX, "-o", "token"]);
    let run = run.env("VAULT_SANDBOX_DNS", format!("https://{}", server.dns));
    run.arg("--ca-file").arg(&authority).hastily().go();
    assert!(server.heard() > 0, "a good one is accepted");
    assert_eq!(world.records().len(), 0);
}

#[test]
fn certificate_files_are_read_before_anything_is_sent() {
    let world = World::new();
    std::fs::write(world.work("empty.pem"), "").unwrap();
    std::fs::write(world.work("text.pem"), "no certificate").unwrap();
    for file in ["nowhere.pem", "empty.pem", "text.pem", "."] {
        let ran = world.create(&["--ca-file", file]).go();
        assert_eq!(ran.code(), 3, "{file}: {}", ran.said());
        assert!(ran.said().contains("--ca-file"), "{}", ran.said());
    }
    assert_eq!(world.vault.requests().len(), 0);
}
