//! `docs/configuration.md`, written from the table of keys.

use super::{Change, Default, KEYS, Key, Kind};

const INTRODUCTION: &str = "\
# Configuration

<!-- Generated from src/config/keys/table.rs: change that, then run
     `UPDATE_DOCS=1 cargo test config` to write this page anew. -->

One TOML file describes an environment. Everything has a default except the services, so this is
a whole configuration:

```toml
[[service]]
name = \"frontend\"
image = \"public.ecr.aws/aws-containers/ecsdemo-frontend:latest\"
expose = \"public\"
backends = [\"nodejs\"]

[[service]]
name = \"nodejs\"
image = \"public.ecr.aws/aws-containers/ecsdemo-nodejs:latest\"
expose = \"api\"
mesh_port = 3001
```

`config/demo.toml` is the demonstration with every value that a newcomer would change;
`config/three-az.toml` spans three availability zones. A file with faults is refused before AWS is
asked anything, and every fault is shown at once, with its line and what to do.

The last column says what becomes of an environment that is up: *in place* is changed where it
stands, *replacement* is made anew and the old one removed. `meshctl plan` shows which it will be.
";

const HEALTH: &str = "
### How these figures differ from the original's

The environment that this one follows checks its containers every 60 s, waits 5 s for an answer,
gives up after 3 failures and forgives the first 120 s; its load balancers check every 60 s, wait
5 s and give up after 3 failures.

| figure | the original | public service | others | why |
|---|---|---|---|---|
| interval | 60 s | 6 s | 5 s | the first good answer counts at once, so a short interval makes `up` fast; it must be longer than the time-out |
| time-out | 5 s | 5 s | 2 s | the page waits up to 4 s for a back-end that is away: with a shorter time-out the pages would be taken down just when a back-end is |
| failures | 3 | 3 | 2 | for the same reason; the others answer by themselves, and the sooner a dead one goes the better |
| container's failures | 3 | 10 with App Mesh and outside the mesh, 3 with Service Connect | 10 with App Mesh, 2 with Service Connect | with App Mesh, Envoy and the load balancers take a task out long before ECS ends it |
| container's start period | 120 s | 120 s | 60 s | the page compiles its assets when it starts; a success in that time counts, a failure does not |
| grace period of the load balancer's checks | not set there | 120 s | 60 s | likewise; it covers the container's checks too |
";

/// The reference of every key.
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_string();
    let mut section = None;
    for key in KEYS {
        let (table, name) = split(key.path);
        if section != Some(table) {
            section = Some(table);
            page.push_str(&format!(
                "\n## {}\n\n| key | value | default | what it does | when it changes |\n\
                 |---|---|---|---|---|\n",
                heading(table)
            ));
        }
        page.push_str(&row(name, key));
    }
    page.push_str(HEALTH);
    page
}

fn split(path: &'static str) -> (&'static str, &'static str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

fn heading(table: &str) -> String {
    match table {
        "" => "Top of the file".to_string(),
        "service" => "`[[service]]`, once for each service".to_string(),
        table if table.starts_with("service.") => {
            format!("`[{table}]`, after the `[[service]]` to which it belongs")
        }
        table => format!("`[{table}]`"),
    }
}

fn row(name: &str, key: &Key) -> String {
    let name = if name == "*" { "*any name*".to_string() } else { format!("`{name}`") };
    let default = match key.default {
        Default::Required => "required".to_string(),
        Default::Value(value) => format!("`{value}`"),
        Default::Otherwise(what) => what.to_string(),
    };
    let change = match key.change {
        Change::Nothing(details) => format!("nothing: {details}"),
        Change::InPlace(details) => format!("in place: {details}"),
        Change::Replacement(details) => format!("replacement: {details}"),
    };
    format!("| {name} | {} | {default} | {}. | {change} |\n", value(key.kind), key.does)
}

fn value(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_string(),
        Kind::Texts => "list of texts".to_string(),
        Kind::Whole(from, to) => format!("{from} to {to}"),
        Kind::Port => "port".to_string(),
        Kind::OneOf(numbers) => {
            numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        Kind::Choice(words) => {
            words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
        }
        Kind::Block => "IPv4 block".to_string(),
        Kind::Blocks => "list of IPv4 blocks".to_string(),
    }
}
