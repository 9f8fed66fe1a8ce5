//! How forgiving health checks are, as the account has them.

use crate::common::{DEMO, World, app_mesh, connect};
use meshctl::simulator::{Account, elasticloadbalancingv2::target_group::TargetGroup};
use serde_json::Value;

/// How long the demonstration's page waits for a back-end that is away.
const PAGE_WAITS: i64 = 4;

/// What is checked of a service: the container's check, the target group, the grace period.
struct Checked {
    container: Value,
    group: Option<TargetGroup>,
    grace: Option<i64>,
}

/// All services of a name, on either side.
fn checked(account: &Account, name: &str) -> Vec<Checked> {
    let services = account.ecs.services.all().map(|(_, service)| service);
    let of_name = services.filter(|service| service.service_name == name);
    of_name
        .map(|service| {
            let deployment = service.deployments.first().expect("a deployment");
            let key = deployment.task_definition.rsplit('/').next().unwrap_or_default();
            let definition = account.ecs.task_definitions.known(key).expect("a definition");
            let container = definition.container(name).expect("its container").clone();
            let group = service.load_balancers.first().map(|target| {
                let arn = target["targetGroupArn"].as_str().expect("an ARN");
                account.elb.target_groups.known(arn).expect("a target group").clone()
            });
            Checked { container, group, grace: service.health_check_grace_period_seconds }
        })
        .collect()
}

fn number(container: &Value, member: &str) -> i64 {
    container["healthCheck"][member].as_i64().expect(member)
}

#[tokio::test(start_paused = true)]
async fn pages_outlive_a_backend_that_is_away_and_have_time_to_start() {
    for config in [app_mesh(), connect()] {
        let world = World::new(&config);
        world.up().await.done();
        world.simulator.behind(|account| {
            let pages = checked(account, "frontend");
            assert_eq!(pages.len(), 2, "one on each side");
            for Checked { container, group, grace } in pages {
                let group = group.expect("a page is behind a load balancer").health_check;
                // An answer that waits for a back-end still counts as one.
                assert!(number(&container, "timeout") > PAGE_WAITS);
                assert!(group.health_check_timeout_seconds > PAGE_WAITS);
                assert!(number(&container, "retries") >= 3);
                assert!(group.unhealthy_threshold_count >= 3);
                assert_eq!(number(&container, "startPeriod"), 120);
                assert_eq!(grace, Some(120));
                // And the first good one comes soon.
                assert!(number(&container, "interval") <= 6);
                assert!(group.health_check_interval_seconds <= 6);
            }
            let node = "mesh/servicemesh-demo/virtualNode/frontend-ecs";
            if let Some(node) = account.appmesh.objects.known(node) {
                let check = &node.spec["listeners"][0]["healthCheck"];
                assert!(check["timeoutMillis"].as_i64().expect("a time") > PAGE_WAITS * 1000);
                assert_eq!(check["unhealthyThreshold"], 3);
            }
            for name in ["nodejs", "crystal"] {
                for Checked { container, .. } in checked(account, name) {
                    assert_eq!(number(&container, "interval"), 5, "{name}");
                }
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_configuration_says_of_a_pages_health_outranks_the_defaults() {
    let mut world = World::new(DEMO);
    world.edit("expose = \"public\"", "expose = \"public\"\nhealth = { interval_seconds = 5 }");
    world.up().await.done();
    world.simulator.behind(|account| {
        for Checked { container, .. } in checked(account, "frontend") {
            // As long as there is room before the next check.
            assert_eq!((number(&container, "interval"), number(&container, "timeout")), (5, 4));
        }
    });
}

#[tokio::test(start_paused = true)]
async fn containers_stop_and_start_in_time_and_have_an_init_process() {
    let world = World::new(&app_mesh());
    world.up().await.done();
    world.simulator.behind(|account| {
        let definitions = account.ecs.task_definitions.all().map(|(_, definition)| definition);
        let containers = definitions.flat_map(|it| &it.container_definitions);
        let (mut applications, mut sidecars) = (0, 0);
        for container in containers {
            let stop = container["stopTimeout"].as_i64().expect("a time to stop");
            if container["name"] == "envoy" {
                sidecars += 1;
                assert_eq!(container["startTimeout"], 120, "the application waits so long");
                assert_eq!(stop, 10, "after the application");
            } else {
                applications += 1;
                assert_eq!(container["linuxParameters"]["initProcessEnabled"], true);
                assert_eq!(stop, 5);
            }
        }
        assert_eq!((applications, sidecars), (4, 3));
    });
}

#[tokio::test(start_paused = true)]
async fn the_api_says_what_its_operations_are_called_and_what_things_are_for() {
    let world = World::new(DEMO);
    world.up().await.done();
    let names = |world: &World| {
        world.simulator.behind(|account| {
            let api = account.apigateway.apis.values().next().expect("an API");
            assert!(api.description.as_deref().is_some_and(|text| text.contains("mesh")));
            for deployment in api.deployments.values() {
                let description = deployment.description.as_deref().unwrap_or_default();
                assert!(description.ends_with(" of servicemesh-demo"), "{description}");
            }
            for (_, group) in account.ec2.security_groups.all() {
                assert!(group.is_default() || group.description.len() > 8, "{group:?}");
            }
            let methods = api.resources.values().flat_map(|it| it.resource_methods.values());
            let names = methods.map(|method| method.operation_name.clone().unwrap_or_default());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        })
    };
    assert_eq!(names(&world), ["GetCrystal", "GetNodejs"]);
    // And another's name is taken back.
    world.simulator.behind(|account| {
        let api = account.apigateway.apis.values_mut().next().expect("an API");
        for resource in api.resources.values_mut() {
            for method in resource.resource_methods.values_mut() {
                method.operation_name = Some("Other".into());
            }
        }
    });
    world.up_in_full().await.done();
    assert_eq!(names(&world), ["GetCrystal", "GetNodejs"]);
}
