//! Harm done to a request.

use super::{Dice, generate::Draft};
use rand::RngExt;

/// Pieces that upset readers.
const PIECES: &[&[u8]] = &[
    b"%",
    b"%ZZ",
    b"%00",
    b"&",
    b"=",
    b"&&==&",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\u0000",
    b"\\ud800",
    b"\xff\xfe",
    b"\xc3\x28",
    b"<!DOCTYPE x [<!ENTITY y \"z\">]>",
    b"1e999",
    b"-0",
    b"NaN",
    b".1.1.1",
    b".member.0",
    b".18446744073709551616=x",
    b"\r\n",
    b"\0",
    b"null",
];

/// Changes something.
pub fn mutate(dice: &mut Dice, draft: &mut Draft) {
    match dice.random_range(0..14) {
        0..5 => bytes(dice, &mut draft.body),
        5 => draft.query = changed(dice, &draft.query),
        6 => draft.path = changed(dice, &draft.path),
        7 => {
            if let Some(at) = chosen(dice, draft.headers.len()) {
                draft.headers[at].1 = changed(dice, &draft.headers[at].1);
            }
        }
        8 => {
            if let Some(at) = chosen(dice, draft.headers.len()) {
                draft.headers.remove(at);
            }
        }
        9 => {
            let methods = ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"];
            draft.method = methods[dice.random_range(0..methods.len())].into();
        }
        10 => {
            // Another service's signature, or one of no service.
            let services = ["ec2", "ecs", "iam", "apigateway", "appmesh", "sts", "s3", ""];
            let service = services[dice.random_range(0..services.len())];
            let scope = format!("KEY/20260101/eu-west-1/{service}/aws4_request");
            let value = format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=00");
            draft.headers.retain(|(name, _)| name != "authorization");
            draft.headers.push(("authorization".into(), value));
        }
        11 => {
            let depth = 1 << dice.random_range(0..16);
            let open = [&b"["[..], b"{\"a\":"][dice.random_range(0..2)];
            draft.body = open.repeat(depth);
        }
        12 => {
            let name = "x.".repeat(dice.random_range(1..200));
            draft.body.extend_from_slice(format!("&{name}1=2&{name}=3").as_bytes());
        }
        _ => draft.body.extend_from_within(..draft.body.len().min(4096)),
    }
}

/// A text with harm done to it; what is no UTF-8 afterwards is replaced.
fn changed(dice: &mut Dice, text: &str) -> String {
    let mut changed = text.as_bytes().to_vec();
    bytes(dice, &mut changed);
    String::from_utf8_lossy(&changed).into_owned()
}

fn bytes(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let at = dice.random_range(0..=bytes.len());
    match dice.random_range(0..5) {
        0 => bytes.truncate(at),
        1 => {
            let piece = PIECES[dice.random_range(0..PIECES.len())];
            bytes.splice(at..at, piece.iter().copied());
        }
        2 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = dice.random();
            }
        }
        3 => {
            let end = dice.random_range(at..=bytes.len());
            bytes.drain(at..end.min(at + 64));
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.random_range(0..8);
            }
        }
    }
}

fn chosen(dice: &mut Dice, count: usize) -> Option<usize> {
    (count > 0).then(|| dice.random_range(0..count))
}
