//! Whether an answer is one that AWS could give.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

/// What is wrong with an answer, if anything.
pub fn response(response: &Response<Bytes>) -> Result<(), String> {
    let (status, headers) = (response.status(), response.headers());
    let text = std::str::from_utf8(response.body()).map_err(|_| "the answer is no UTF-8")?;
    let wrong = |what: &str| Err(format!("{what}: {status} {text}"));
    if !headers.contains_key("x-amzn-requestid") {
        return wrong("no request ID");
    }
    let kind = headers.get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let error = !status.is_success();
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        return wrong("a fault of the simulator");
    }
    if kind.starts_with("text/xml") || kind.starts_with("application/xml") {
        if let Err(why) = xml(text) {
            return wrong(&why);
        }
        let code = text.contains("<Code>") && text.contains("</Message>");
        return if error && !code { wrong("an error without a code") } else { Ok(()) };
    }
    if text.is_empty() {
        return if error { wrong("an error without a body") } else { Ok(()) };
    }
    let Ok(body) = serde_json::from_str::<Value>(text) else { return wrong("no JSON") };
    let typed = body["__type"].is_string() || headers.contains_key("x-amzn-errortype");
    let message = body["message"].is_string() || body["Message"].is_string();
    if error && !(typed && message) {
        return wrong("an error without a type or a message");
    }
    Ok(())
}

/// Whether a text is well-formed XML, of the plain kind that AWS writes.
fn xml(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap_or(text);
    let odd = |it: char| (it < ' ' && !"\t\n\r".contains(it)) || "\u{fffe}\u{ffff}".contains(it);
    if let Some(odd) = text.chars().find(|&it| odd(it)) {
        return Err(format!("the character {odd:?} in XML"));
    }
    while let Some(at) = rest.find('<') {
        content(&rest[..at])?;
        let end = rest[at..].find('>').ok_or("a tag that does not end")?;
        let tag = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        if let Some(name) = tag.strip_suffix('/') {
            self::name(name)?;
        } else if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes what is not open"));
            }
        } else {
            open.push(self::name(tag)?);
        }
    }
    content(rest)?;
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
}

/// The name of a tag without its attributes.
fn name(tag: &str) -> Result<&str, String> {
    let name = tag.split(' ').next().unwrap_or_default();
    let good =
        !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || "_-.".contains(it));
    if good { Ok(name) } else { Err(format!("the tag <{tag}>")) }
}

fn content(text: &str) -> Result<(), String> {
    let entities = ["amp;", "lt;", "gt;", "quot;", "apos;", "#"];
    let mut parts = text.split('&').skip(1);
    match parts.find(|rest| !entities.iter().any(|entity| rest.starts_with(entity))) {
        Some(rest) => Err(format!("a bare & before {rest:.20}")),
        None => Ok(()),
    }
}

#[test]
fn broken_xml_is_told_apart() {
    assert_eq!(xml("<a><b>1 &amp; 2</b><c/></a>"), Ok(()));
    for broken in ["<a>", "<a></b>", "</a>", "<a>1 & 2</a>", "<a>\u{1}</a>", "<a", "<1<2/>"] {
        assert!(xml(broken).is_err(), "{broken}");
    }
}
