//! `meshctl simulator` as other programs meet it: a process with a socket, which strangers may send
//! anything, and which goes when it is told to.

mod client;
mod guard;

use client::{Served, form, signed};
use serde_json::Value;
use std::{fs, time::Duration};

#[test]
fn it_tells_its_address_and_goes_when_told() {
    let served = Served::start(&[]);
    assert!(served.took < Duration::from_secs(2), "it took {:?} to answer", served.took);
    let inventory = served.page("/_meshctl/inventory");
    assert_eq!(inventory["resources"], Value::Array(Vec::new()));
    let vpc =
        served.send(&form("ec2", "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0/16"));
    assert_eq!(vpc.status, 200, "{}", vpc.text);
    let inventory = served.page("/_meshctl/inventory");
    let kinds: Vec<&Value> =
        inventory["resources"].as_array().unwrap().iter().map(|item| &item["kind"]).collect();
    assert!(kinds.contains(&&Value::from("Vpc")), "{kinds:?}");
    let calls = served.page("/_meshctl/calls");
    assert_eq!(calls[0]["operation"], "ec2:CreateVpc");
    assert_eq!(calls[0]["status"], 200);
    assert_eq!(served.send(b"GET /_meshctl/other HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn what_is_no_request_is_refused_as_aws_does_and_harms_nobody() {
    let served = Served::start(&[]);
    let describe = "Action=DescribeVpcs&Version=2016-11-15";

    let unsigned = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let answer = served.send(unsigned);
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("<Code>MissingAuthenticationToken</Code>"), "{}", answer.text);

    let mut other = signed("ec2", "", describe.as_bytes());
    other = String::from_utf8(other).unwrap().replace("/aws4_request", "").into_bytes();
    let answer = served.send(&other);
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("<Code>IncompleteSignature</Code>"), "{}", answer.text);

    let answer = served.send(&form("s3", describe));
    assert_eq!(answer.status, 501);
    assert!(answer.text.contains("<Error><Code>NotImplemented</Code>"), "{}", answer.text);

    let answer = served.send(&form("ec2", "Action=DescribeVpcs%ZZ"));
    assert!(answer.text.contains("<Code>MalformedQueryString</Code>"), "{}", answer.text);

    let answer = served.send(&form("ec2", "Action=LaunchRocket&Version=2016-11-15"));
    assert!(answer.text.contains("<Code>InvalidAction</Code>"), "{}", answer.text);

    let target = "X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListClusters\r\n";
    let answer = served.send(&signed("ecs", target, b"{ not JSON"));
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains(r#""__type":"SerializationException""#), "{}", answer.text);

    let answer = served.send(b"this is not HTTP\r\n\r\n");
    assert_eq!(answer.status, 400);

    let answer = served.send(&form("ec2", describe));
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn bodies_that_are_too_long_or_broken_are_refused() {
    let served = Served::start(&[]);
    let mut long = "Action=DescribeVpcs&Version=2016-11-15&X=".to_owned();
    long.push_str(&"x".repeat(12 * 1024 * 1024));
    let answer = served.send(&form("ec2", &long));
    assert_eq!(answer.status, 413, "{}", answer.text);
    assert!(answer.text.contains("<Code>RequestEntityTooLarge</Code>"), "{}", answer.text);

    let chunked = |chunks: &str| {
        let head = String::from_utf8(form("ec2", "")).unwrap();
        head.replace("Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n") + chunks
    };
    let answer = served.send(chunked("ZZ\r\nnothing\r\n0\r\n\r\n").as_bytes());
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("MalformedHttpRequest"), "{}", answer.text);

    let body = "Action=DescribeVpcs&Version=2016-11-15";
    let whole = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    assert_eq!(served.send(chunked(&whole).as_bytes()).status, 200);

    // A client that promises more than it sends, and goes.
    let mut short = form("ec2", body);
    short.truncate(short.len() - 10);
    served.send_and_leave(&short);
    served.send_and_leave(b"POST / HT");
    assert_eq!(served.send(&form("ec2", body)).status, 200);
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn many_clients_are_served_at_once() {
    let served = Served::start(&["--speed", "10"]);
    std::thread::scope(|scope| {
        for index in 0..8 {
            let served = &served;
            scope.spawn(move || {
                for call in 0..5 {
                    let body = format!(
                        "Action=CreateRole&Version=2010-05-08&RoleName=role-{index}-{call}\
                         &AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C\
                         %22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A\
                         %22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22Service%22%3A\
                         %22ecs-tasks.amazonaws.com%22%7D%7D%5D%7D"
                    );
                    let answer = served.send(&form("iam", &body));
                    assert_eq!(answer.status, 200, "{}", answer.text);
                }
            });
        }
    });
    let inventory = served.page("/_meshctl/inventory");
    assert_eq!(inventory["resources"].as_array().unwrap().len(), 40);
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn the_account_is_kept_where_data_says() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("account").display().to_string();
    let served = Served::start(&["--data", &data]);
    let allocate = form("ec2", "Action=AllocateAddress&Version=2016-11-15&Domain=vpc");
    assert_eq!(served.send(&allocate).status, 200);
    let second = client::refused(&["--data", &data]);
    assert_eq!(second.code, Some(4), "{}", second.error);
    assert!(second.error.contains("has the account in"), "{}", second.error);
    assert_eq!(served.stop(), Some(0));

    let served = Served::start(&["--data", &data]);
    let inventory = served.page("/_meshctl/inventory");
    assert_eq!(inventory["resources"].as_array().unwrap().len(), 1, "{inventory}");
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn faults_come_from_a_file_and_a_bad_one_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("faults.json");
    let path = file.display().to_string();
    let faults = r#"[{"operation": "ec2:CreateVpc", "when": {"nth": 1}, "fault": "throttle"}]"#;
    fs::write(&file, faults).unwrap();
    let served = Served::start(&["--faults", &path]);
    let create = form("ec2", "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0/16");
    let answer = served.send(&create);
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("RequestLimitExceeded"), "{}", answer.text);
    assert_eq!(served.send(&create).status, 200);
    assert_eq!(served.stop(), Some(0));

    fs::write(&file, faults.replace("nth", "nht")).unwrap();
    let refused = client::refused(&["--faults", &path]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.error.contains("faults.json: unknown variant `nht`"), "{}", refused.error);
    let missing = client::refused(&["--faults", "/nowhere/faults.json"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.error.contains("/nowhere/faults.json: "), "{}", missing.error);
}

#[test]
fn quotas_come_from_a_file_and_a_bad_one_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("quotas.json");
    let path = file.display().to_string();
    fs::write(&file, r#"{"elastic_ips": 1}"#).unwrap();
    let served = Served::start(&["--quotas", &path]);
    let allocate = form("ec2", "Action=AllocateAddress&Version=2016-11-15&Domain=vpc");
    assert_eq!(served.send(&allocate).status, 200);
    let answer = served.send(&allocate);
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("<Code>AddressLimitExceeded</Code>"), "{}", answer.text);
    assert_eq!(served.stop(), Some(0));

    fs::write(&file, r#"{"elastic_ip": 1}"#).unwrap();
    let refused = client::refused(&["--quotas", &path]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.error.contains("quotas.json: unknown field `elastic_ip`"), "{}", refused.error);
}

#[test]
fn calls_that_come_too_fast_are_throttled_unless_told_otherwise() {
    let endpoint =
        form("ec2", "Action=DeleteVpcEndpoints&Version=2016-11-15&VpcEndpointId.1=vpce-1");
    let throttled = |served: &Served| {
        let answers = (0..8).map(|_| served.send(&endpoint));
        answers.filter(|answer| answer.text.contains("RequestLimitExceeded")).count()
    };
    // Four at once, and then one in three seconds.
    let served = Served::start(&["--speed", "1"]);
    assert!(throttled(&served) > 0);
    assert_eq!(served.stop(), Some(0));
    let served = Served::start(&["--speed", "1", "--rates", "off"]);
    assert_eq!(throttled(&served), 0);
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn other_machines_are_kept_out_unless_they_are_asked_in() {
    let refused = client::refused(&["--listen", "0.0.0.0:0"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.error.contains("0.0.0.0:0 is not a loopback address"), "{}", refused.error);
    assert!(refused.error.contains("--allow-remote"), "{}", refused.error);

    let served = Served::start(&[]);
    let taken = client::refused(&["--listen", &served.address]);
    assert_eq!(taken.code, Some(1));
    assert!(taken.error.contains("cannot listen on"), "{}", taken.error);
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn an_account_begins_today_and_writes_are_seen_at_once_where_nothing_lags() {
    let now = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.expect("a time after 1970").as_secs()
    };
    let begun = now();
    let served = Served::start(&["--no-lag", "--speed", "5", "--rates", "off"]);
    for index in 0..25 {
        let create = "Action=CreateInternetGateway&Version=2016-11-15";
        let made = served.send(&form("ec2", create)).text;
        let id = made.split(['<', '>']).find(|text| text.starts_with("igw-")).expect("an ID");
        let describe = "Action=DescribeInternetGateways&Version=2016-11-15&InternetGatewayId.1=";
        let seen = served.send(&form("ec2", &format!("{describe}{id}")));
        assert_eq!(seen.status, 200, "gateway {index} is not seen at once: {}", seen.text);
        let delete = "Action=DeleteInternetGateway&Version=2016-11-15&InternetGatewayId=";
        assert_eq!(served.send(&form("ec2", &format!("{delete}{id}"))).status, 200);
    }
    let calls = served.page("/_meshctl/calls");
    let at = calls[0]["at"].as_u64().expect("milliseconds") / 1000;
    assert!((begun..=now()).contains(&at), "the first call was at {at}, and it began at {begun}");
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn people_are_told_what_to_export() {
    let served = Served::start_for_people();
    assert!(served.told.contains(&format!("export AWS_ENDPOINT_URL=http://{}", served.address)));
    for variable in
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"]
    {
        assert!(served.told.contains(&format!("export {variable}=")), "{}", served.told);
    }
    assert!(served.told.contains("/_meshctl/inventory"), "{}", served.told);
    assert_eq!(served.stop(), Some(0));
}
