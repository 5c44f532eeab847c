//! Every organisation of this emulator.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::service::{Host, Recalled, ServiceError, World};

use super::Tenant;

/// Why a world was not put in the place of an organisation.
#[derive(Debug)]
pub(crate) enum PutRefused {
    /// There is something in that place.
    NotEmpty,
    /// It can't be copied now, or never, or not be kept.
    World(ServiceError),
}

/// The organisations. One comes to be when its key is first used.
#[derive(Debug)]
pub(crate) struct Tenants {
    host: Host,
    tenants: RwLock<HashMap<OrgId, Arc<Tenant>>>,
}

impl Tenants {
    pub(crate) fn new(host: Host) -> Self {
        Self { host, tenants: RwLock::default() }
    }

    /// Puts an organisation that was kept in its place.
    pub(crate) fn recall(&self, recalled: Recalled) {
        let Recalled { org, world, beside } = recalled;
        let tenant = Arc::new(Tenant::recalled(world, &beside));
        self.tenants.write().expect("no panic under the lock").insert(org, tenant);
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Tenant>> {
        self.tenants.read().expect("no panic under the lock").values().map(Arc::clone).collect()
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// The tenant that an organisation is.
    pub(crate) fn of(&self, org: &OrgId) -> Arc<Tenant> {
        if let Some(tenant) = self.tenants.read().expect("no panic under the lock").get(org) {
            return Arc::clone(tenant);
        }
        let mut tenants = self.tenants.write().expect("no panic under the lock");
        let tenant = tenants
            .entry(org.clone())
            .or_insert_with(|| Arc::new(Tenant::new(self.host.new_world(org))));
        Arc::clone(tenant)
    }

    /// Puts a copy of one organisation in the place of another that has nothing: its world and the
    /// failures to come, not what its clients have done.
    pub(crate) async fn fork(&self, from: &OrgId, to: &OrgId) -> Result<(), PutRefused> {
        let tenant = self.of(from);
        if from == to || !self.of(to).world.is_empty() {
            return Err(PutRefused::NotEmpty);
        }
        let world = tenant.world.fork().map_err(PutRefused::World)?;
        let faults = tenant.faults().clone();
        self.replace(to, Tenant::forked(world, faults)).await
    }

    /// Puts a world in the place of an organisation that has nothing.
    pub(crate) async fn put(&self, org: &OrgId, world: Arc<World>) -> Result<(), PutRefused> {
        if !self.of(org).world.is_empty() {
            world.retire();
            return Err(PutRefused::NotEmpty);
        }
        self.replace(org, Tenant::new(world)).await
    }

    /// Replaces an organisation that has nothing.
    async fn replace(&self, org: &OrgId, tenant: Tenant) -> Result<(), PutRefused> {
        if let Err(error) = self.of(org).world.forget().await {
            // Nothing has changed.
            tenant.world.retire();
            return Err(PutRefused::World(error));
        }
        let kept = async {
            tenant.world.keep_as(org).await?;
            tenant.keep_presets().await
        };
        let (tenant, outcome) = match kept.await {
            Ok(()) => (tenant, Ok(())),
            Err(error) => {
                tenant.world.retire();
                (Tenant::new(self.host.new_world(org)), Err(PutRefused::World(error)))
            }
        };
        let mut tenants = self.tenants.write().expect("no panic under the lock");
        let before = tenants.insert(org.clone(), Arc::new(tenant));
        drop(tenants);
        if let Some(before) = before {
            before.world.retire();
        }
        outcome
    }

    /// Forgets one organisation with all it has.
    pub(crate) async fn reset(&self, org: &OrgId) -> Result<(), ServiceError> {
        let tenant = self.tenants.read().expect("no panic under the lock").get(org).map(Arc::clone);
        let Some(tenant) = tenant else { return Ok(()) };
        tenant.world.forget().await?;
        let mut tenants = self.tenants.write().expect("no panic under the lock");
        // Another reset may have been faster, and its successor is none of ours.
        if tenants.get(org).is_some_and(|now| Arc::ptr_eq(now, &tenant)) {
            tenants.remove(org);
        }
        drop(tenants);
        tenant.world.retire();
        Ok(())
    }

    /// Forgets every organisation.
    pub(crate) async fn reset_all(&self) -> Result<(), ServiceError> {
        let orgs: Vec<OrgId> =
            self.tenants.read().expect("no panic under the lock").keys().cloned().collect();
        for org in orgs {
            self.reset(&org).await?;
        }
        Ok(())
    }
}
