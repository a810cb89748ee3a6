//! Round trips, and whatever can be wrong with a file. That others read what is written here, and the other way round, is
//! tried with the program `age` itself, in `tests/integration/tenants/backup.rs`.

use super::*;
use bech32::{Bech32, Hrp};

/// An identity, and the recipient that belongs to it.
fn mk_pair(seed: u8) -> (Identity, Recipient) {
    let identity = Identity(Zeroizing::new([seed; 32]));
    let recipient = identity.recipient();
    (identity, recipient)
}

fn mk_text(prefix: &str, bytes: [u8; 32]) -> String {
    bech32::encode::<Bech32>(Hrp::parse(prefix).unwrap(), &bytes).unwrap()
}

fn mk_file(content: &[u8]) -> Vec<u8> {
    encrypt(&[mk_pair(1).1], content).unwrap()
}

fn opened(file: &[u8]) -> Result<Vec<u8>, Trouble> {
    decrypt(&[mk_pair(1).0], file).map(|content| content.to_vec())
}

#[test]
fn what_was_encrypted_comes_back_whatever_its_length() {
    for length in [0, 1, 65535, 65536, 65537, 131_072, 200_000] {
        let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        assert_eq!(opened(&mk_file(&content)), Ok(content), "{length}");
    }
}

#[test]
fn each_of_several_recipients_reads_it_and_nobody_else() {
    let file = encrypt(&[mk_pair(1).1, mk_pair(2).1], b"content").unwrap();
    for seed in [1, 2] {
        assert_eq!(decrypt(&[mk_pair(seed).0], &file).unwrap().as_slice(), b"content");
    }
    assert_eq!(
        decrypt(&[mk_pair(3).0, mk_pair(2).0], &file).unwrap().as_slice(),
        b"content"
    );
    assert_eq!(decrypt(&[mk_pair(3).0], &file).unwrap_err(), Trouble::NotForThese);
}

#[test]
fn two_files_of_the_same_have_nothing_in_common_but_the_form() {
    let (one, other) = (mk_file(b"content"), mk_file(b"content"));
    assert_eq!(one.len(), other.len());
    let same = one
        .iter()
        .zip(&other)
        .skip(30)
        .filter(|(one, other)| one == other);
    assert!(same.count() < 60);
    assert!(!one.windows(7).any(|part| part == b"content"));
}

#[test]
fn no_byte_can_be_changed_or_left_out() {
    let file = mk_file(b"content");
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(opened(&changed).is_err(), "byte {at} was changed");
        assert!(opened(&file[..at]).is_err(), "it ends before byte {at}");
    }
    let longer = [file.as_slice(), b"x"].concat();
    assert_eq!(opened(&longer), Err(Trouble::ContentChanged));
}

#[test]
fn chunks_can_neither_be_left_out_nor_change_places() {
    let file = mk_file(&[7; 3 * 65536]);
    let chunk = 65536 + 16;
    let begin = file.len() - 3 * chunk;
    let with = |order: &[usize]| {
        let chunks = order.iter().flat_map(|number| {
            let from = begin + number * chunk;
            file[from..from + chunk].to_vec()
        });
        [file[..begin].to_vec(), chunks.collect()].concat()
    };
    assert!(opened(&with(&[0, 1, 2])).is_ok());
    for order in [&[0, 1][..], &[1, 0, 2], &[0, 2], &[2], &[], &[0, 1, 1, 2]] {
        assert_eq!(opened(&with(order)), Err(Trouble::ContentChanged), "{order:?}");
    }
}

#[test]
fn what_is_no_file_of_age_is_told_apart() {
    assert_eq!(opened(b""), Err(Trouble::NotAge));
    assert_eq!(
        opened(b"-----BEGIN AGE ENCRYPTED FILE-----\n"),
        Err(Trouble::NotAge)
    );
    assert_eq!(
        opened(b"age-encryption.org/v1\n--- AAAA\n"),
        Err(Trouble::Malformed)
    );
    // Stanzas of other kinds are for others.
    let body = "A".repeat(43);
    let foreign = format!("age-encryption.org/v1\n-> scrypt c2FsdA 18\n{body}\n--- {body}\n");
    assert_eq!(opened(foreign.as_bytes()), Err(Trouble::NotForThese));
    // A share of low order.
    let low = format!("age-encryption.org/v1\n-> X25519 {body}\n{body}\n--- {body}\n");
    assert_eq!(opened(low.as_bytes()), Err(Trouble::Malformed));
}

#[test]
fn keys_are_read_as_people_write_them_and_never_shown() {
    let recipient = mk_text("age", mk_pair(1).1.0);
    assert_eq!(recipient.parse::<Recipient>(), Ok(mk_pair(1).1));
    let secret = mk_text("age-secret-key-", [1; 32]).to_uppercase();
    assert_eq!(secret.parse::<Recipient>(), Err(Trouble::Identity));
    assert_eq!(
        mk_text("age", [0; 32]).parse::<Recipient>(),
        Err(Trouble::NoRecipient)
    );
    for wrong in [
        "",
        "age1",
        "ssh-ed25519 AAAA",
        &recipient[..60],
        &mk_text("age", [1; 32])[1..],
    ] {
        assert_eq!(wrong.parse::<Recipient>(), Err(Trouble::NoRecipient), "{wrong}");
    }
    let file = format!("# created: now\n# public key: {recipient}\n\n{secret}\n");
    let found = identities(&file).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(format!("{found:?}"), "[Identity(redacted)]");
    assert_eq!(
        decrypt(&found, &mk_file(b"content")).unwrap().as_slice(),
        b"content"
    );
    assert_eq!(identities("# nothing\n").unwrap_err(), Trouble::NoIdentities);
    let wrong = format!("{secret}\nAGE-SECRET-KEY-1QQQ\n");
    assert_eq!(identities(&wrong).unwrap_err(), Trouble::NoIdentity { line: 2 });
}
