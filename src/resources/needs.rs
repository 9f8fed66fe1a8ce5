//! Needs: typed handles that are edges and values at once, so reading without waiting cannot
//! compile.

use super::Resource;
use crate::model::{Address, Edge, Identities, Kind, Milestone};
use serde::Serialize;
use std::{collections::BTreeMap, marker::PhantomData};

/// What a resource takes from its needs.
pub type Values<R> = <<R as Resource>::Needs as Needs>::Values;

/// What a resource waits for, and the values it gets in return.
pub trait Needs {
    /// The identities of what is needed.
    type Values;
    /// What to wait for.
    fn edges(&self) -> Vec<Edge>;
    /// `None` while any need has no identity yet, which is normal in a plan.
    fn values(&self, known: &Identities) -> Option<Self::Values>;
    /// The kinds that can be needed.
    fn kinds() -> Vec<Kind>;
}

/// A declared `R`, from which the two kinds of need are taken.
pub struct Handle<R>(Address, PhantomData<fn() -> R>);

impl<R> Handle<R> {
    pub(super) fn new(address: Address) -> Self {
        Self(address, PhantomData)
    }

    /// Where it stands.
    pub fn address(&self) -> &Address {
        &self.0
    }

    /// It must have an identity before the holder starts.
    pub fn created(&self) -> Created<R> {
        Created(self.0.clone(), PhantomData)
    }

    /// It must work before the holder starts.
    pub fn ready(&self) -> Ready<R> {
        Ready(self.0.clone(), PhantomData)
    }

    /// It must work before the holder starts or changes, which stands apart from it otherwise.
    pub fn after(&self) -> After<R> {
        After(self.0.clone(), PhantomData)
    }

    /// It must have an identity before the holder starts, and AWS deletes it under the holder.
    pub fn loose(&self) -> Loose<R> {
        Loose(self.0.clone(), PhantomData)
    }

    /// It must have an identity before the holder starts, which takes nothing from it.
    pub fn gate_created(&self) -> Gate {
        Gate(Edge { gate: true, ..Edge::new(self.0.clone(), Milestone::Created) })
    }

    /// It must work before the holder starts, which takes nothing from it.
    pub fn gate_ready(&self) -> Gate {
        Gate(Edge { gate: true, ..Edge::new(self.0.clone(), Milestone::Ready) })
    }
}

/// An edge that carries no value: the holder waits, and never reads.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Gate(Edge);

impl Needs for Gate {
    type Values = ();

    fn edges(&self) -> Vec<Edge> {
        vec![self.0.clone()]
    }

    fn values(&self, _known: &Identities) -> Option<()> {
        Some(())
    }

    /// AWS refuses no deletion for the sake of a gate, so it adds nothing to the order of kinds.
    fn kinds() -> Vec<Kind> {
        Vec::new()
    }
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $edge:expr, $kinds:expr) => {
        $(#[$doc])*
        pub struct $name<R>(Address, PhantomData<fn() -> R>);

        impl<R> Clone for $name<R> {
            fn clone(&self) -> Self {
                Self(self.0.clone(), PhantomData)
            }
        }

        impl<R> Serialize for $name<R> {
            /// As a reference, so that a plan can say that the value is known later.
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_map([("$ref", &self.0)])
            }
        }

        impl<R: Resource> Needs for $name<R> {
            type Values = R::Out;

            fn edges(&self) -> Vec<Edge> {
                let edge: fn(Address) -> Edge = $edge;
                vec![edge(self.0.clone())]
            }

            fn values(&self, known: &Identities) -> Option<R::Out> {
                known.get(&self.0)
            }

            fn kinds() -> Vec<Kind> {
                let kinds: fn(Kind) -> Vec<Kind> = $kinds;
                kinds(R::KIND)
            }
        }
    };
}

handle! {
    /// A declared `R` that must have an identity before the holder starts.
    Created, |on| Edge::new(on, Milestone::Created), |kind| vec![kind]
}
handle! {
    /// A declared `R` that must work before the holder starts.
    Ready, |on| Edge::new(on, Milestone::Ready), |kind| vec![kind]
}
handle! {
    /// A declared `R` that must have an identity before the holder starts, and that AWS deletes while the
    /// holder has it.
    Loose, |on| Edge { gate: true, ..Edge::new(on, Milestone::Created) }, |_| Vec::new()
}
handle! {
    /// A declared `R` that must work before the holder starts or changes. Neither its deletion nor
    /// its replacement takes the holder along.
    After, Edge::after, |_| Vec::new()
}

impl Needs for () {
    type Values = ();

    fn edges(&self) -> Vec<Edge> {
        Vec::new()
    }

    fn values(&self, _known: &Identities) -> Option<()> {
        Some(())
    }

    fn kinds() -> Vec<Kind> {
        Vec::new()
    }
}

impl<N: Needs> Needs for Vec<N> {
    type Values = Vec<N::Values>;

    fn edges(&self) -> Vec<Edge> {
        self.iter().flat_map(Needs::edges).collect()
    }

    fn values(&self, known: &Identities) -> Option<Self::Values> {
        self.iter().map(|need| need.values(known)).collect()
    }

    fn kinds() -> Vec<Kind> {
        N::kinds()
    }
}

impl<N: Needs> Needs for Option<N> {
    type Values = Option<N::Values>;

    fn edges(&self) -> Vec<Edge> {
        self.iter().flat_map(Needs::edges).collect()
    }

    fn values(&self, known: &Identities) -> Option<Self::Values> {
        match self {
            Some(need) => need.values(known).map(Some),
            None => Some(None),
        }
    }

    fn kinds() -> Vec<Kind> {
        N::kinds()
    }
}

/// One of two kinds that can stand in the same place.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Either<A, B> {
    /// The one.
    This(A),
    /// The other.
    That(B),
}

impl<A, B> Either<Handle<A>, Handle<B>> {
    /// It must have an identity before the holder starts.
    pub fn created(&self) -> Either<Created<A>, Created<B>> {
        match self {
            Self::This(one) => Either::This(one.created()),
            Self::That(other) => Either::That(other.created()),
        }
    }

    /// It must work before the holder starts.
    pub fn ready(&self) -> Either<Ready<A>, Ready<B>> {
        match self {
            Self::This(one) => Either::This(one.ready()),
            Self::That(other) => Either::That(other.ready()),
        }
    }
}

impl<A: Needs, B: Needs> Needs for Either<A, B> {
    type Values = Either<A::Values, B::Values>;

    fn edges(&self) -> Vec<Edge> {
        match self {
            Self::This(one) => one.edges(),
            Self::That(other) => other.edges(),
        }
    }

    fn values(&self, known: &Identities) -> Option<Self::Values> {
        match self {
            Self::This(one) => one.values(known).map(Either::This),
            Self::That(other) => other.values(known).map(Either::That),
        }
    }

    fn kinds() -> Vec<Kind> {
        [A::kinds(), B::kinds()].concat()
    }
}

impl<K: Ord + Clone, N: Needs> Needs for BTreeMap<K, N> {
    type Values = BTreeMap<K, N::Values>;

    fn edges(&self) -> Vec<Edge> {
        self.values().flat_map(Needs::edges).collect()
    }

    fn values(&self, known: &Identities) -> Option<Self::Values> {
        self.iter().map(|(key, need)| Some((key.clone(), need.values(known)?))).collect()
    }

    fn kinds() -> Vec<Kind> {
        N::kinds()
    }
}

/// Names several needs: a struct of handles, and a struct of the values that they give.
///
/// ```ignore
/// needs! {
///     /// Where tasks run.
///     ServiceNeeds gives ServiceValues { cluster: Created<Cluster>, egress: Vec<Ready<NatGateway>> }
/// }
/// ```
macro_rules! needs {
    (
        $(#[$doc:meta])*
        $needs:ident gives $values:ident {
            $($(#[$field_doc:meta])* $field:ident: $need:ty),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, serde::Serialize)]
        pub struct $needs {
            $($(#[$field_doc])* pub $field: $need,)+
        }

        #[doc = concat!("The identities that [`", stringify!($needs), "`] give.")]
        pub struct $values {
            $($(#[$field_doc])* pub $field: <$need as $crate::resources::needs::Needs>::Values,)+
        }

        impl $crate::resources::needs::Needs for $needs {
            type Values = $values;

            fn edges(&self) -> Vec<$crate::model::Edge> {
                let mut edges = Vec::new();
                $(edges.extend($crate::resources::needs::Needs::edges(&self.$field));)+
                edges
            }

            fn values(&self, known: &$crate::model::Identities) -> Option<$values> {
                Some($values {
                    $($field: $crate::resources::needs::Needs::values(&self.$field, known)?,)+
                })
            }

            fn kinds() -> Vec<$crate::model::Kind> {
                let mut kinds = Vec::new();
                $(kinds.extend(<$need as $crate::resources::needs::Needs>::kinds());)+
                kinds
            }
        }
    };
}
pub(crate) use needs;
