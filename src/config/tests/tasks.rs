//! What runs in tasks, and how its health is checked.

use super::*;

#[test]
fn an_image_is_an_image() {
    refused(&[
        (
            changed("image = \"cart:1\"", "image = \"\""),
            "line 9: service \"cart\".image = \"\" is not an image; give \
             registry/repository:tag, without a scheme or spaces",
        ),
        (
            changed("image = \"cart:1\"", "image = \"https://x/y\""),
            "line 9: service \"cart\".image = \"https://x/y\" is not an image; give \
             registry/repository:tag, without a scheme or spaces",
        ),
        (
            changed("image = \"cart:1\"", "image = \"cart 1\""),
            "line 9: service \"cart\".image = \"cart 1\" is not an image; give \
             registry/repository:tag, without a scheme or spaces",
        ),
    ]);
}

#[test]
fn a_port_is_not_envoys() {
    refused(&[
        (
            cart("port = 15000"),
            "line 12: service \"cart\".port = 15000 is taken by Envoy in the same task; let \
             the container listen on another port, such as 3000",
        ),
        (
            cart("port = 15001"),
            "line 12: service \"cart\".port = 15001 is taken by Envoy in the same task; let \
             the container listen on another port, such as 3000",
        ),
        (
            cart("port = 9901"),
            "line 12: service \"cart\".port = 9901 is taken by Envoy in the same task; let \
             the container listen on another port, such as 3000",
        ),
        (
            cart("port = 9902"),
            "line 12: service \"cart\".port = 9902 is taken by Envoy in the same task; let \
             the container listen on another port, such as 3000",
        ),
    ]);
}

#[test]
fn a_path_is_a_path() {
    refused(&[
        (
            cart("path = \"cart\""),
            "line 12: service \"cart\".path = \"cart\" is not a path; begin with / and use \
             what a URL's path may have, without a query",
        ),
        (
            cart("path = \"/cart?x=1\""),
            "line 12: service \"cart\".path = \"/cart?x=1\" is not a path; begin with / and \
             use what a URL's path may have, without a query",
        ),
        (
            cart("health_path = \"/he alth\""),
            "line 12: service \"cart\".health_path = \"/he alth\" is not a path; begin with \
             / and use what a URL's path may have, without a query",
        ),
    ]);
}

#[test]
fn memory_is_what_fargate_sells_with_the_cpu() {
    refused(&[
        (
            cart("memory = 1500"),
            "line 12: service \"cart\".memory = 1500 does not go with cpu = 512 on Fargate; \
             give 1024, 2048, 3072, or 4096",
        ),
        (
            cart("memory = 8192"),
            "line 12: service \"cart\".memory = 8192 does not go with cpu = 512 on Fargate; \
             give 1024, 2048, 3072, or 4096",
        ),
        (
            cart("cpu = 1024"),
            "line 7: service \"cart\".memory is 1024 by default, which does not go with cpu \
             = 1024 on Fargate; give 2048 to 8192 in steps of 1024",
        ),
        (
            cart(
                "cpu = 2048\n\
             memory = 17408",
            ),
            "line 13: service \"cart\".memory = 17408 does not go with cpu = 2048 on \
             Fargate; give 4096 to 16384 in steps of 1024",
        ),
        (
            cart(
                "cpu = 4096\n\
             memory = 8193",
            ),
            "line 13: service \"cart\".memory = 8193 does not go with cpu = 4096 on Fargate; \
             give 8192 to 30720 in steps of 1024",
        ),
        (
            cart(
                "cpu = 8192\n\
             memory = 17408",
            ),
            "line 13: service \"cart\".memory = 17408 does not go with cpu = 8192 on \
             Fargate; give 16384 to 61440 in steps of 4096",
        ),
        (
            cart(
                "cpu = 16384\n\
             memory = 40000",
            ),
            "line 13: service \"cart\".memory = 40000 does not go with cpu = 16384 on \
             Fargate; give 32768 to 122880 in steps of 8192",
        ),
        (
            cart(
                "cpu = 100\n\
             memory = 8192",
            ),
            "line 12: service \"cart\".cpu = 100 is not a choice here; give 512, 1024, 2048, \
             4096, 8192, or 16384",
        ),
    ]);
}

#[test]
fn a_variable_is_one_and_not_a_backends() {
    refused(&[
        (
            cart("environment = { \"1X\" = \"a\", \"A-B\" = \"b\", \"\" = \"c\" }"),
            "line 12: service \"cart\".environment.\"\" is not a variable; use letters, \
             digits, and underscores, no digit first\n\
             line 12: service \"cart\".environment.1X is not a variable; use letters, \
             digits, and underscores, no digit first\n\
             line 12: service \"cart\".environment.A-B is not a variable; use letters, \
             digits, and underscores, no digit first",
        ),
        (
            shop("environment = { CART_URL = \"secret\" }"),
            "line 6: service \"shop\".environment.CART_URL is what tells it where \"cart\" \
             is; take it away, or take the service out of backends",
        ),
    ]);
}

#[test]
fn a_health_check_ends_before_the_next() {
    refused(&[
        (
            cart("health = { interval_seconds = 10, timeout_seconds = 10 }"),
            "line 12: service \"cart\".health.timeout_seconds = 10 reaches the next check, \
             10 s later; make it less than interval_seconds",
        ),
        (
            cart("health.timeout_seconds = 6"),
            "line 12: service \"cart\".health.timeout_seconds = 6 reaches the next check, 5 \
             s later; make it less than interval_seconds",
        ),
    ]);
}

#[test]
fn an_environment_fits_into_a_task_definition() {
    // A variable takes its name, its value, and 23 characters around them.
    let variables = |values: &[usize]| {
        let lines = values.iter().enumerate();
        let lines = lines.map(|(i, n)| format!("V{i} = \"{}\"\n", "x".repeat(*n)));
        cart(&format!("[service.environment]\n{}", lines.collect::<String>()))
    };
    parsed(&variables(&[57_319]));
    refused(&[
        (
            variables(&[57_320]),
            "line 12: service \"cart\".environment comes to 57345 bytes of JSON, and a task \
             definition holds 65536 in all; keep it under 57344: what is large belongs into the \
             image, or into a store that the container reads",
        ),
        (
            variables(&[40_000; 2]),
            "line 12: service \"cart\".environment comes to 80050 bytes of JSON, and a task \
             definition holds 65536 in all; keep it under 57344: what is large belongs into the \
             image, or into a store that the container reads",
        ),
    ]);
    // As JSON, some characters are two.
    let quotes = cart(&format!("environment = {{ A = '{}' }}", "\"".repeat(30_000)));
    assert!(faults(&quotes).contains("comes to 60024 bytes of JSON"), "{}", faults(&quotes));
}
