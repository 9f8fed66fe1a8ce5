//! Names derived for AWS, fitted to its limits.

use sha2::{Digest, Sha256};

/// Hex digits of the hash that ends a shortened name: 28 bits, enough for the names of one account.
const HASH: usize = 7;

/// Fits a derived name to AWS's limit: unchanged when it fits, else cut and ended with a hash.
///
/// The hash is of the whole name, so two long names that differ only at the end stay apart, and the
/// same name gives the same result for ever: resources are found again by it. A shortened name
/// neither starts nor ends with a hyphen, which load balancers refuse, and the cut leaves no `--`.
///
/// ```text
/// fit("servicemesh-demo-consumer-frontend", 32) == "servicemesh-demo-consume-e9e7d96"
/// ```
pub fn fit(name: &str, max: usize) -> String {
    if name.chars().count() <= max { name.to_string() } else { cut(name, max) }
}

/// As [`fit`], and no name that fits is one that another name is shortened to: what already ends as
/// shortened names do is shortened, too.
///
/// ```text
/// fit_apart("servicemesh-demo-consumer-frontend", 32) == "servicemesh-demo-consume-e9e7d96"
/// fit_apart("servicemesh-demo-consume-e9e7d96", 32) != "servicemesh-demo-consume-e9e7d96"
/// ```
pub fn fit_apart(name: &str, max: usize) -> String {
    let is_hash = |end: &str| {
        end.len() == HASH && end.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let looks_cut = name.rsplit_once('-').is_some_and(|(_, end)| is_hash(end)) || is_hash(name);
    if looks_cut { cut(name, max) } else { fit(name, max) }
}

fn cut(name: &str, max: usize) -> String {
    let mut hash: String =
        Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    hash.truncate(HASH.min(max));
    let kept: String = name.chars().take(max.saturating_sub(HASH + 1)).collect();
    match kept.trim_matches('-') {
        "" => hash,
        head => format!("{head}-{hash}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{fit, fit_apart};
    use proptest::prelude::*;

    #[test]
    fn a_name_that_fits_is_left_alone() {
        assert_eq!(fit("servicemesh-demo-provider", 32), "servicemesh-demo-provider");
        assert_eq!(fit("abcd", 4), "abcd");
    }

    #[test]
    fn a_long_name_is_cut_and_hashed_the_same_way_for_ever() {
        let fitted = fit("servicemesh-demo-consumer-frontend", 32);
        assert_eq!(fitted, "servicemesh-demo-consume-e9e7d96");
        assert_ne!(fitted, fit("servicemesh-demo-consumer-frontens", 32));
    }

    #[test]
    fn the_cut_leaves_no_double_hyphen() {
        assert_eq!(fit("shop-cart-checkout", 13), "shop-0acfa8b");
        assert_eq!(fit("shop-cart-checkout", 14), "shop-c-0acfa8b");
    }

    #[test]
    fn a_name_that_fits_is_not_what_another_is_cut_to() {
        let long = "servicemesh-demo-consumer-frontend";
        let cut = fit_apart(long, 32);
        assert_eq!(cut, fit(long, 32));
        assert_ne!(fit_apart(&cut, 32), cut);
        assert!(fit_apart(&cut, 32).len() <= 32);
        assert_eq!(fit_apart("shop-provider-cart", 32), "shop-provider-cart");
        let hash = fit_apart("shop-cart-checkout", 8);
        assert_ne!(fit_apart(&hash, 8), hash);
    }

    #[test]
    fn no_room_for_a_head_leaves_the_hash() {
        assert_eq!(fit("---------------", 12).len(), 7);
        assert_eq!(fit("shop-cart-checkout", 8).len(), 7);
        assert_eq!(fit("shop-cart-checkout", 3).len(), 3);
    }

    proptest! {
        #[test]
        fn what_is_fitted_suits_a_load_balancer(
            name in "[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,12}){0,6}", max in 9usize..40
        ) {
            let fitted = fit(&name, max);
            prop_assert!(fitted.len() <= max);
            prop_assert!(!fitted.starts_with('-') && !fitted.ends_with('-'));
            prop_assert!(!fitted.contains("--"));
            prop_assert_eq!(&fitted, &fit(&name, max));
            prop_assert_eq!(fit(&fitted, max), fitted);
        }

        #[test]
        fn any_text_is_fitted_without_a_panic(name in ".*", max in 0usize..64) {
            prop_assert!(fit(&name, max).chars().count() <= max);
        }
    }
}
