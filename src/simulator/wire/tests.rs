//! Rounds over real wire text: what clients send, and what they get back.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::{ApiError, Call, DEEPEST, LARGEST_BODY, Service, decode, encode};

fn signed(service: &str, method: &str, address: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let scope = format!("AKIATEST/20260101/eu-west-1/{service}/aws4_request");
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
    Request::builder()
        .method(method)
        .uri(address)
        .header("authorization", authorization)
        .body(body.into())
        .expect("a request")
}

fn form(service: &str, body: &str) -> Request<Bytes> {
    signed(service, "POST", "/", body.to_owned())
}

fn target(service: &str, target: &str, body: &str) -> Request<Bytes> {
    let mut request = signed(service, "POST", "/", body.to_owned());
    request.headers_mut().insert("x-amz-target", target.parse().expect("a header"));
    request
}

fn taken(request: &Request<Bytes>) -> Call {
    decode(request, "req-1".to_owned()).unwrap_or_else(|refusal| panic!("{}", text(&refusal)))
}

fn refused(request: &Request<Bytes>) -> (u16, String) {
    let refusal = decode(request, "req-1".to_owned()).expect_err("the request is faulty");
    assert_eq!(refusal.headers()["x-amzn-requestid"], "req-1");
    (refusal.status().as_u16(), text(&refusal))
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).expect("UTF-8")
}

fn call(service: Service, operation: &str) -> Call {
    let operation = &service.model().operation(operation).expect("a simulated operation").name;
    Call {
        service,
        operation,
        input: json!({}),
        region: "eu-west-1".to_owned(),
        access_key: "AKIATEST".to_owned(),
        request_id: "req-1".to_owned(),
    }
}

fn ok(service: Service, operation: &str, output: &Value) -> Response<Bytes> {
    encode(&call(service, operation), Ok(output))
}

#[test]
fn ec2_speaks_ec2_query() {
    let call = taken(&form(
        "ec2",
        "Action=CreateSubnet&Version=2016-11-15&VpcId=vpc-1&CidrBlock=10.0.1.0%2F24\
         &TagSpecification.1.ResourceType=subnet&TagSpecification.1.Tag.1.Key=Name\
         &TagSpecification.1.Tag.1.Value=public+a&TagSpecification.1.Tag.10.Key=z\
         &TagSpecification.1.Tag.2.Key=y&DryRun=false",
    ));
    assert_eq!((call.service, call.operation), (Service::Ec2, "CreateSubnet"));
    assert_eq!((&*call.region, &*call.access_key), ("eu-west-1", "AKIATEST"));
    let tags = json!([{"Key": "Name", "Value": "public a"}, {"Key": "y"}, {"Key": "z"}]);
    assert_eq!(
        call.input,
        json!({
            "VpcId": "vpc-1",
            "CidrBlock": "10.0.1.0/24",
            "TagSpecifications": [{"ResourceType": "subnet", "Tags": tags}],
            "DryRun": false,
        })
    );
    let subnet = json!({"SubnetId": "subnet-1", "Tags": [{"Key": "a<b", "Value": null}]});
    let answer = ok(Service::Ec2, "DescribeSubnets", &json!({"Subnets": [subnet]}));
    assert_eq!(
        text(&answer),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <DescribeSubnetsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15\">\
         <requestId>req-1</requestId><subnetSet><item><subnetId>subnet-1</subnetId>\
         <tagSet><item><key>a&lt;b</key></item></tagSet></item></subnetSet>\
         </DescribeSubnetsResponse>"
    );
    let answer = text(&ok(Service::Ec2, "DeleteVpc", &Value::Null));
    assert!(answer.contains("<return>true</return>"), "{answer}");
}

#[test]
fn load_balancing_and_iam_speak_query() {
    let call = taken(&form(
        "elasticloadbalancing",
        "Action=CreateLoadBalancer&Version=2015-12-01&Name=shop&Subnets.member.1=subnet-a\
         &Subnets.member.2=subnet-b&SecurityGroups=&Type=application",
    ));
    assert_eq!(call.input["Subnets"], json!(["subnet-a", "subnet-b"]));
    assert_eq!(call.input["SecurityGroups"], json!([]));
    let role = json!({
        "Path": "/", "RoleName": "shop", "RoleId": "AROAEXAMPLEEXAMPLE00",
        "Arn": "arn:aws:iam::123456789012:role/shop", "CreateDate": 1_767_323_045,
        "Tags": [{"Key": "k", "Value": "v"}],
    });
    let answer = text(&ok(Service::Iam, "GetRole", &json!({"Role": role})));
    for part in [
        "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult>",
        "<CreateDate>2026-01-02T03:04:05Z</CreateDate>",
        "<Tags><member><Key>k</Key><Value>v</Value></member></Tags>",
        "</GetRoleResult><ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata>",
    ] {
        assert!(answer.contains(part), "{part} is not in {answer}");
    }
}

#[test]
fn ecs_speaks_json() {
    let prefix = "AmazonEC2ContainerServiceV20141113";
    let call = taken(&target(
        "ecs",
        &format!("{prefix}.CreateService"),
        r#"{"serviceName":"shop","desiredCount":2,"role":null,"brandNew":{"a":[1]},
            "schedulingStrategy":"REPLICA"}"#,
    ));
    assert_eq!(
        call.input,
        json!({"serviceName": "shop", "desiredCount": 2, "schedulingStrategy": "REPLICA"})
    );
    let cluster = json!({"clusterName": "shop", "settings": null, "runningTasksCount": 3});
    let answer = ok(Service::Ecs, "CreateCluster", &json!({"cluster": cluster}));
    assert_eq!(text(&answer), r#"{"cluster":{"clusterName":"shop","runningTasksCount":3}}"#);
    assert_eq!(answer.headers()["content-type"], "application/x-amz-json-1.1");

    let error = ApiError::new("ClusterNotFoundException", "Cluster not found.");
    let answer = encode(&self::call(Service::Ecs, "DeleteCluster"), Err(&error));
    assert_eq!(answer.status(), 400);
    assert_eq!(
        text(&answer),
        r#"{"__type":"ClusterNotFoundException","message":"Cluster not found."}"#
    );
}

#[test]
fn app_mesh_and_api_gateway_speak_rest_json() {
    let call = taken(&signed(
        "appmesh",
        "PUT",
        "/v20190125/meshes/shop/virtualRouter/r%2F1/routes?meshOwner=123456789012",
        r#"{"routeName":"all","spec":{}}"#,
    ));
    assert_eq!(call.operation, "CreateRoute");
    assert_eq!(
        call.input,
        json!({
            "meshName": "shop", "virtualRouterName": "r/1", "meshOwner": "123456789012",
            "routeName": "all", "spec": {},
        })
    );

    // The same word is the method's verb in the path and the integration's in the body.
    let call = taken(&signed(
        "apigateway",
        "PUT",
        "/restapis/abc/resources/def/methods/ANY/integration",
        r#"{"type":"HTTP_PROXY","httpMethod":"GET"}"#,
    ));
    assert_eq!(call.operation, "PutIntegration");
    assert_eq!(call.input["httpMethod"], "ANY");
    assert_eq!(call.input["integrationHttpMethod"], "GET");

    let arn = "/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2Fabc";
    let call = taken(&signed("apigateway", "DELETE", &format!("{arn}?tagKeys=a&tagKeys=b"), ""));
    assert_eq!(call.operation, "UntagResource");
    assert_eq!(call.input["resourceArn"], "arn:aws:apigateway:eu-west-1::/restapis/abc");
    assert_eq!(call.input["tagKeys"], json!(["a", "b"]));

    for (address, operation) in [
        ("/restapis", "CreateRestApi"),
        ("/restapis/", "CreateRestApi"),
        ("/restapis?mode=import", "ImportRestApi"),
    ] {
        let call = taken(&signed("apigateway", "POST", address, r#"{"name":"shop"}"#));
        assert_eq!(call.operation, operation, "{address}");
    }

    let answer = ok(Service::ApiGateway, "CreateRestApi", &json!({"createdDate": 1_767_323_045}));
    assert_eq!((answer.status().as_u16(), &*text(&answer)), (201, r#"{"createdDate":1767323045}"#));
    assert_eq!(ok(Service::ApiGateway, "TagResource", &json!({})).status(), 204);
    let items = json!({"items": [{"id": "abc"}]});
    assert_eq!(text(&ok(Service::ApiGateway, "GetRestApis", &items)), r#"{"item":[{"id":"abc"}]}"#);
}

#[test]
fn each_service_words_its_own_refusals() {
    let log_group = r#"{"logGroupName":"a b","kmsKeyId":7}"#;
    let cases = [
        (
            form("ec2", "Action=CreateSubnet&Version=2016-11-15"),
            "<Code>MissingParameter</Code><Message>The request must contain the parameter VpcId<",
        ),
        (
            form("ec2", "Action=DescribeVpcs&Version=2016-11-15&Vpc.1=vpc-1"),
            "<Code>UnknownParameter</Code><Message>The parameter Vpc is not recognized<",
        ),
        (
            form("ec2", "Action=CreateVpc&Version=2016-11-15&InstanceTenancy=shared"),
            "<Code>InvalidParameterValue</Code><Message>Value (shared) for parameter \
             InstanceTenancy is invalid.<",
        ),
        (
            form("ec2", "Action=DescribeVpcs&Version=2016-11-15&MaxResults=3"),
            "Value ( 3 ) for parameter MaxResults is invalid. Expecting a value greater than 5.",
        ),
        (
            form("iam", "Action=GetRole&Version=2010-05-08&RoleName=a+b"),
            "<Code>ValidationError</Code><Message>1 validation error detected: Value &apos;a b\
             &apos; at &apos;roleName&apos; failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [\\w+=,.@-]+<",
        ),
        (
            form("elasticloadbalancing", "Action=CreateTargetGroup&Version=2015-12-01&Port=0"),
            "2 validation errors detected: Value null at &apos;name&apos; failed to satisfy \
             constraint: Member must not be null; Value &apos;0&apos; at &apos;port&apos; failed \
             to satisfy constraint: Member must have value greater than or equal to 1<",
        ),
        (
            target("servicediscovery", "Route53AutoNaming_v20170314.GetService", "{}"),
            "\"Message\":\"1 validation error detected: Value null at 'id' failed",
        ),
        (
            target("logs", "Logs_20140328.CreateLogGroup", log_group),
            "{\"__type\":\"SerializationException\",\"message\":\"kmsKeyId must be a string\"}",
        ),
        (
            target("logs", "Logs_20140328.CreateLogGroup", &log_group.replace(":7", ":\"k\"")),
            "\"InvalidParameterException\",\"message\":\"1 validation error detected: Value 'a b'",
        ),
        (
            signed("appmesh", "PUT", "/v20190125/meshes", "{}"),
            "{\"message\":\"1 validation error detected: Value null at 'meshName' failed",
        ),
    ];
    for (request, expected) in &cases {
        let (status, body) = refused(request);
        assert_eq!(status, 400, "{body}");
        assert!(body.contains(expected), "{expected}\nis not in\n{body}");
    }
}

#[test]
fn nobody_gets_in_unsigned_or_astray() {
    let bare = |address: &str, body: &'static str| {
        Request::post(address).body(Bytes::from(body)).expect("a request")
    };
    let (status, body) = refused(&bare("/", "Action=DescribeVpcs&Version=2016-11-15"));
    assert_eq!(status, 403);
    assert!(body.contains("<Response><Errors><Error><Code>MissingAuthenticationToken<"), "{body}");
    let (status, body) = refused(&bare("/restapis", "{}"));
    assert_eq!((status, &*body), (403, r#"{"message":"Missing Authentication Token"}"#));

    let (status, body) = refused(&form("s3", "Action=ListBuckets"));
    assert_eq!(status, 501);
    assert!(body.contains("does not have s3:ListBuckets: no service s3"), "{body}");
    let (status, body) = refused(&form("ec2", "Action=RunInstances&Version=2016-11-15"));
    assert_eq!(status, 501);
    assert!(body.contains("<Message>the simulator does not have ec2:RunInstances<"), "{body}");
    let (_, body) = refused(&form("ec2", "Action=LaunchRocket&Version=2016-11-15"));
    assert!(body.contains("<Code>InvalidAction</Code>"), "{body}");
    let (status, body) = refused(&target("ecs", "Logs_20140328.CreateLogGroup", "{}"));
    assert_eq!(status, 400);
    assert!(body.contains("UnknownOperationException"), "{body}");
    let (status, _) = refused(&signed("apigateway", "GET", "/restapis//resources", ""));
    assert_eq!(status, 404);

    let presigned = "/?X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fsts%2Faws4_request\
                     &Action=GetCallerIdentity&Version=2011-06-15";
    let call = taken(&Request::get(presigned).body(Bytes::new()).expect("a request"));
    assert_eq!((call.operation, &*call.region), ("GetCallerIdentity", "us-east-1"));
}

#[test]
fn malformed_requests_are_refused_and_harm_nothing() {
    let create = "AmazonEC2ContainerServiceV20141113.CreateCluster";
    let mut not_utf8 = target("ecs", create, "");
    *not_utf8.body_mut() = Bytes::from_static(b"{\"clusterName\":\"\xff\"}");
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(5000), close.repeat(5000));
    let deep_form = format!("Action=DescribeVpcs&Version=2016-11-15&Filter{}=x", ".1".repeat(5000));
    let nested = format!("Action=DescribeVpcs&a{}=x", ".1".repeat(DEEPEST));
    let cases = [
        (not_utf8, "SerializationException"),
        (target("ecs", create, "{\"clusterName\":"), "SerializationException"),
        (target("ecs", create, "[]"), "SerializationException"),
        (target("ecs", create, &deep("{\"a\":", "}")), "SerializationException"),
        (target("ecs", create, &deep("[", "]")), "SerializationException"),
        (form("ec2", &deep_form), "MalformedQueryString"),
        (form("ec2", &nested), "MalformedQueryString"),
        (form("ec2", "Action=DescribeVpcs&VpcId.1=%zz"), "MalformedQueryString"),
        (form("ec2", "Action=DescribeVpcs&VpcId.1=%ff"), "MalformedQueryString"),
        (form("ec2", "Action=DescribeVpcs&VpcId=vpc-1"), "InvalidParameterValue"),
        (form("ec2", "Action=DescribeVpcs&VpcId.x=vpc-1"), "UnknownParameter"),
        (form("iam", "Action=GetRole&RoleName.1=a"), "MalformedInput"),
        (form("elasticloadbalancing", "Action=AddTags&Tags.1.Key=a"), "MalformedInput"),
    ];
    for (request, code) in &cases {
        let (status, body) = refused(request);
        assert_eq!(status, 400, "{body}");
        assert!(body.contains(code), "{code}\nis not in\n{body}");
    }
    let escape = signed("appmesh", "GET", "/v20190125/meshes/%zz", "");
    assert!(refused(&escape).1.contains("malformed escape"));
    let long = signed("ec2", "POST", "/", vec![b'a'; LARGEST_BODY + 1]);
    assert_eq!(refused(&long).0, 413);
}

#[test]
fn outputs_that_contradict_the_model_are_bugs() {
    let cases = [
        (Service::Ec2, "CreateVpc", json!({"Vpc": {"Id": "vpc-1"}}), "Vpc has no member Id"),
        (Service::Ec2, "DeleteVpc", json!({"a": 1}), "DeleteVpc answers nothing"),
        (
            Service::Ecs,
            "CreateCluster",
            json!({"cluster": {"runningTasksCount": "3"}}),
            "Integer cannot be \\\"3\\\"",
        ),
        (Service::Iam, "GetRole", json!({}), "GetRoleResponse lacks its required member Role"),
        (
            Service::ElasticLoadBalancingV2,
            "CreateLoadBalancer",
            json!({"LoadBalancers": [{"Scheme": "public"}]}),
            "LoadBalancerSchemeEnum has no value public",
        ),
    ];
    for (service, operation, output, expected) in &cases {
        let answer = ok(*service, operation, output);
        assert_eq!(answer.status(), 500);
        let body = text(&answer);
        assert!(body.contains("InternalFailure") && body.contains(expected), "{body}");
    }
    // EC2 writes this enum in lower case, whatever its model says.
    let endpoint = json!({"VpcEndpoints": [{"State": "available"}]});
    assert_eq!(ok(Service::Ec2, "DescribeVpcEndpoints", &endpoint).status(), 200);
}

#[test]
fn every_listed_operation_is_in_its_model() {
    for line in include_str!("../models/operations.txt").lines() {
        if let Some((file, operation)) = line.split_once(':').filter(|_| !line.starts_with('#')) {
            let prefix = match file {
                "cloudwatchlogs" => "logs",
                "elasticloadbalancingv2" => "elasticloadbalancing",
                other => other,
            };
            let service = Service::from_prefix(prefix).expect("operations.txt names our services");
            assert!(service.model().operation(operation).is_some(), "{line}");
        }
    }
}
