//! The file's shape: types, ranges, what is missing, what nobody knows.

use super::*;

#[test]
fn a_wrong_type_is_refused() {
    refused(&[
        (top("stack = 1"), "line 1: stack = 1 is a number, not text; put it in quotes"),
        (
            top("region = [\"eu-west-1\"]"),
            "line 1: region = [\"eu-west-1\"] is a list, not text; give one text in quotes",
        ),
        (
            top("allowed_accounts = [123456789012]"),
            "line 1: allowed_accounts = 123456789012 is a number, not text; put it in quotes",
        ),
        (
            top("allowed_accounts = \"123456789012\""),
            "line 1: allowed_accounts = \"123456789012\" is text, not a list of texts; put \
             it in [brackets]",
        ),
        (
            top("log_retention_days = \"7\""),
            "line 1: log_retention_days = \"7\" is text, not a whole number; give 1, 3, 5, \
             7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, \
             2922, 3288, or 3653",
        ),
        (
            top("network.allowed_cidrs = [10]"),
            "line 1: network.allowed_cidrs = 10 is a number, not an IPv4 block; write one \
             such as \"10.0.96.0/20\"",
        ),
        (
            top("network.provider.cidr = true"),
            "line 1: network.provider.cidr = true is a boolean, not an IPv4 block; write one \
             such as \"10.0.96.0/20\"",
        ),
        (
            top("api.timeout_ms = 1.5"),
            "line 1: api.timeout_ms = 1.5 is a fraction, not a whole number; give a number \
             from 50 to 29000",
        ),
        (
            top("tags.team = 1979-05-27"),
            "line 1: tags.team = 1979-05-27 is a date, not text; put it in quotes",
        ),
        (
            top("network = 1"),
            "line 1: network is not a table; write [network] and its keys below it",
        ),
        (top("[[mesh]]"), "line 1: mesh is not a table; write [mesh] and its keys below it"),
        (
            cart("environment.DEBUG = 1"),
            "line 12: service \"cart\".environment.DEBUG is a number, not text; put it in \
             quotes",
        ),
        (
            cart("weights.cart = \"1\""),
            "line 12: service \"cart\".weights.cart = \"1\" is text, not a whole number; \
             give a number from 0 to 100",
        ),
        (
            cart("health = 5"),
            "line 12: service \"cart\".health is not a table; write [service.health] and its \
             keys below it",
        ),
        (
            cart("backends = [{}]"),
            "line 12: service \"cart\".backends is a table, not text; give one text in \
             quotes",
        ),
    ]);
}

#[test]
fn a_service_that_is_no_table_is_one_fault() {
    refused(&[
        (
            "service = 1".to_string(),
            "line 1: service is not a list of tables; write [[service]], with two brackets, \
             once for each service",
        ),
        (
            "[service]\n\
             name = \"shop\""
                .to_string(),
            "line 1: service is not a list of tables; write [[service]], with two brackets, \
             once for each service",
        ),
        (
            "service = [\"shop\"]".to_string(),
            "line 1: service #1 is not a table; write [[service]] and its keys below it",
        ),
    ]);
}

#[test]
fn a_value_out_of_range_is_refused() {
    refused(&[
        (
            top("log_retention_days = 2"),
            "line 1: log_retention_days = 2 is not a choice here; give 1, 3, 5, 7, 14, 30, \
             60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, \
             or 3653",
        ),
        (
            top("network.availability_zones = 4"),
            "line 1: network.availability_zones = 4 is out of range; give a number from 2 to \
             3",
        ),
        (
            top("network.availability_zones = 1"),
            "line 1: network.availability_zones = 1 is out of range; give a number from 2 to \
             3",
        ),
        (
            top("api.timeout_ms = 29001"),
            "line 1: api.timeout_ms = 29001 is out of range; give a number from 50 to 29000",
        ),
        (
            top("network.nat = \"per-zone\""),
            "line 1: network.nat = \"per-zone\" is not a choice here; give \"per-az\", \
             \"single\", or \"none\"",
        ),
        (
            changed("expose = \"api\"", "expose = \"private\""),
            "line 10: service \"cart\".expose = \"private\" is not a choice here; give \
             \"public\", \"api\", or \"mesh\"",
        ),
        (
            cart("port = 70000"),
            "line 12: service \"cart\".port = 70000 is not a port; give a number from 1 to \
             65535",
        ),
        (
            cart("port = 0"),
            "line 12: service \"cart\".port = 0 is not a port; give a number from 1 to 65535",
        ),
        (
            cart("port = 0xFFFFFFFFFFFFFFFFFFFF"),
            "line 12: service \"cart\".port = 0xFFFFFFFFFFFFFFFFFFFF is not a port; give a \
             number from 1 to 65535",
        ),
        (
            cart("desired = 101"),
            "line 12: service \"cart\".desired = 101 is out of range; give a number from 0 \
             to 100",
        ),
        (
            cart("desired = -1"),
            "line 12: service \"cart\".desired = -1 is out of range; give a number from 0 to \
             100",
        ),
        (
            cart("cpu = 256"),
            "line 12: service \"cart\".cpu = 256 is not a choice here; give 512, 1024, 2048, \
             4096, 8192, or 16384",
        ),
        (
            cart("memory = 512"),
            "line 12: service \"cart\".memory = 512 is out of range; give a number from 1024 \
             to 122880",
        ),
        (
            cart("weights.cart = 101"),
            "line 12: service \"cart\".weights.cart = 101 is out of range; give a number \
             from 0 to 100",
        ),
        (
            cart("health.interval_seconds = 4"),
            "line 12: service \"cart\".health.interval_seconds = 4 is out of range; give a \
             number from 5 to 300",
        ),
        (
            cart("health.timeout_seconds = 61"),
            "line 12: service \"cart\".health.timeout_seconds = 61 is out of range; give a \
             number from 2 to 60",
        ),
        (
            cart("health.healthy = 1"),
            "line 12: service \"cart\".health.healthy = 1 is out of range; give a number \
             from 2 to 10",
        ),
        (
            cart("health.unhealthy = 11"),
            "line 12: service \"cart\".health.unhealthy = 11 is out of range; give a number \
             from 2 to 10",
        ),
    ]);
}

#[test]
fn a_missing_key_is_refused() {
    refused(&[
        (
            "[[service]]\n\
             name = \"shop\"\n\
             image = \"shop:1\"\n\
             expose = \"public\"\n\
             backends = [\"cart\"]\n\
             [[service]]\n\
             mesh_port = 3001"
                .to_string(),
            "line 5: service \"shop\".backends = \"cart\" is no service; describe it with a \
             [[service]] of its own\n\
             line 6: service #2.name is missing; give the service a name\n\
             line 6: service #2.image is missing; give the service an image",
        ),
        (
            changed("mesh_port = 3001", ""),
            "line 7: service \"cart\".mesh_port is missing; give the port on which others \
             reach it, one that no other service has",
        ),
        (
            "".to_string(),
            "service is missing; describe at least one: [[service]] with a name, an image, \
             and expose = \"public\"",
        ),
    ]);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest() {
    refused(&[
        (top("stak = \"x\""), "line 1: stak is not a key; did you mean \"stack\"?"),
        (
            top("network.natt = \"single\""),
            "line 1: network.natt is not a key; did you mean \"nat\"?",
        ),
        (
            top("network.provider.subnets = []"),
            "line 1: network.provider.subnets is not a key; keys here are cidr, public, \
             private",
        ),
        (
            cart("helth_path = \"/\""),
            "line 12: service \"cart\".helth_path is not a key; did you mean \
             \"health_path\"?",
        ),
        (
            cart("health.retries = 3"),
            "line 12: service \"cart\".health.retries is not a key; keys here are \
             interval_seconds, timeout_seconds, healthy, unhealthy",
        ),
        (
            top("[[services]]\n\
             name = \"x\""),
            "line 1: services is not a key; did you mean \"service\"?",
        ),
        (
            top("[network.providers]\n\
             cidr = 1"),
            "line 1: network.providers is not a key; did you mean \"provider\"?",
        ),
        (
            top("\"a b\" = 1"),
            "line 1: \"a b\" is not a key; keys here are stack, region, allowed_accounts, \
             ttl, permissions_boundary, log_retention_days, capacity, tags, network, mesh, api, \
             service",
        ),
    ]);
}

#[test]
fn a_text_that_is_no_toml_is_one_fault() {
    refused(&[
        (
            "stack = \"a\"\n\
             region = eu-west-1\n\
             nat"
            .to_string(),
            "line 2: the file is not TOML at column 10: string values must be quoted, \
             expected literal string; mend this first, then the rest can be read",
        ),
        (
            "stack = \"a\"\n\
             stack = \"b\""
                .to_string(),
            "line 2: the file is not TOML at column 1: duplicate key; mend this first, then \
             the rest can be read",
        ),
        (
            "[network\n\
             "
            .to_string(),
            "line 1: the file is not TOML at column 9: unclosed table, expected `]`; mend \
             this first, then the rest can be read",
        ),
        (
            "é = \"".to_string(),
            "line 1: the file is not TOML at column 1: invalid unquoted key, expected \
             letters, numbers, `-`, `_`; mend this first, then the rest can be read",
        ),
    ]);
}
