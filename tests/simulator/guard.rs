//! Who may ask the simulator: programs of this machine, and no web page that a browser shows.

use super::client::{Served, form};

const DESCRIBE: &str = "Action=DescribeVpcs&Version=2016-11-15";

/// A request with other headers.
fn asked(host: &str, more: &str) -> Vec<u8> {
    let request = String::from_utf8(form("ec2", DESCRIBE)).expect("text");
    let head = format!("Host: {host}\r\n{more}");
    request.replacen("Host: localhost\r\n", &head, 1).into_bytes()
}

#[test]
fn a_name_that_may_lead_elsewhere_is_refused_and_noted() {
    let served = Served::start(&[]);
    let port = served.address.rsplit_once(':').expect("a port").1;
    for host in ["localhost", "bucket.localhost", "127.0.0.1", "127.7.7.7", "[::1]"] {
        let answer = served.send(&asked(&format!("{host}:{port}"), ""));
        assert_eq!(answer.status, 200, "{host}: {}", answer.text);
    }
    let strangers = ["rebound.evil.test", "10.0.0.1", "ec2.eu-west-1.amazonaws.com", "a b", ""];
    for host in strangers {
        let answer = served.send(&asked(host, ""));
        assert_eq!(answer.status, 403, "{host}: {}", answer.text);
        assert!(answer.text.contains("<Code>HostNotAllowed</Code>"), "{host}: {}", answer.text);
        assert!(answer.text.contains("answers to localhost"), "{host}: {}", answer.text);
    }
    // The pages that are the simulator's own, and hosts in the address and in twos.
    let page = "GET /_meshctl/inventory HTTP/1.1\r\nHost: evil.test\r\n\r\n";
    assert_eq!(served.send(page.as_bytes()).status, 403);
    let absolute = "GET http://evil.test/_meshctl/calls HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(served.send(absolute.as_bytes()).status, 403);
    let twice = asked("localhost\r\nHost: evil.test", "");
    assert_eq!(served.send(&twice).status, 403);

    let calls = served.page("/_meshctl/calls");
    let seen: Vec<(&str, u64)> = calls
        .as_array()
        .expect("a list")
        .iter()
        .map(|call| (call["operation"].as_str().unwrap(), call["status"].as_u64().unwrap()))
        .collect();
    let refused = seen.iter().filter(|(_, status)| *status == 403).count();
    assert_eq!(refused, strangers.len() + 3, "{seen:?}");
    assert!(seen.contains(&("unsigned:GET /_meshctl/inventory", 403)), "{seen:?}");
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn a_web_page_cannot_write_across_origins() {
    let served = Served::start(&[]);
    let create = "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0/16";
    let ask = |more: &str| {
        let request = String::from_utf8(form("ec2", create)).expect("text");
        served.send(request.replacen("\r\n\r\n", &format!("\r\n{more}\r\n\r\n"), 1).as_bytes())
    };
    let origins = ["https://evil.test", "http://localhost.evil.test", "null", "file://"];
    for origin in origins {
        let answer = ask(&format!("Origin: {origin}"));
        assert_eq!(answer.status, 403, "{origin}: {}", answer.text);
        assert!(answer.text.contains("<Code>OriginNotAllowed</Code>"), "{}", answer.text);
        let head = answer.text.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
        assert!(!head.contains("access-control"), "{head}");
    }
    // An image's address is a request too, and has no origin.
    let image = ask("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors");
    assert_eq!(image.status, 403, "{}", image.text);
    assert_eq!(served.page("/_meshctl/inventory")["resources"].as_array().unwrap().len(), 0);

    for own in ["Origin: http://localhost:3000", "Sec-Fetch-Site: same-origin"] {
        let answer = ask(own);
        assert_eq!(answer.status, 200, "{own}: {}", answer.text);
        assert!(!answer.text.to_lowercase().contains("access-control"), "{}", answer.text);
    }
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn other_machines_that_are_asked_in_may_call_it_as_they_like() {
    let served = Served::start(&["--listen", "0.0.0.0:0", "--allow-remote"]);
    assert_eq!(served.send(&asked("simulator.ci.test", "")).status, 200);
    let page = asked("simulator.ci.test", "Origin: https://evil.test\r\n");
    assert_eq!(served.send(&page).status, 403);
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn what_is_not_understood_is_in_the_list_of_calls_too() {
    let served = Served::start(&[]);
    served.send(&form("ec2", "Action=LaunchRocket&Version=2016-11-15"));
    served.send(&form("sqs", &"x".repeat(300)));
    served.send(format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "é".repeat(90)).as_bytes());
    let calls = served.page("/_meshctl/calls");
    let calls: Vec<_> = calls
        .as_array()
        .expect("a list")
        .iter()
        .map(|call| format!("{} {}", call["operation"].as_str().unwrap(), call["status"]))
        .collect();
    assert_eq!(calls[..2], ["ec2:LaunchRocket 400", "sqs:POST / 501"], "{calls:?}");
    assert_eq!(served.stop(), Some(0));
}
