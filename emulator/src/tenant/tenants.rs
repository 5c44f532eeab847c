//! Every organisation of this emulator.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::service::{Host, ServiceError, World};

use super::Tenant;

/// Why an organisation was not forked.
#[derive(Debug)]
pub(crate) enum ForkRefused {
    /// There is something in the place it should go to.
    NotEmpty,
    /// Its world can't be copied now, or never.
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
            .or_insert_with(|| Arc::new(Tenant::new(self.host.new_world())));
        Arc::clone(tenant)
    }

    /// Puts a copy of one organisation in the place of another that has nothing: its world and the
    /// failures to come, not what its clients have done.
    pub(crate) fn fork(&self, from: &OrgId, to: &OrgId) -> Result<(), ForkRefused> {
        let tenant = self.of(from);
        if from == to || !self.of(to).world.is_empty() {
            return Err(ForkRefused::NotEmpty);
        }
        let world = tenant.world.fork().map_err(ForkRefused::World)?;
        let copy = Arc::new(Tenant::forked(world, tenant.faults().clone()));
        let before =
            self.tenants.write().expect("no panic under the lock").insert(to.clone(), copy);
        if let Some(tenant) = before {
            tenant.world.retire();
        }
        Ok(())
    }

    /// Puts a world in the place of an organisation that has nothing; whether it had nothing.
    pub(crate) fn put(&self, org: &OrgId, world: Arc<World>) -> bool {
        let mut tenants = self.tenants.write().expect("no panic under the lock");
        let before = tenants.get(org).map(Arc::clone);
        if before.as_ref().is_some_and(|tenant| !tenant.world.is_empty()) {
            world.retire();
            return false;
        }
        tenants.insert(org.clone(), Arc::new(Tenant::new(world)));
        before.inspect(|tenant| tenant.world.retire());
        true
    }

    /// Forgets one organisation with all it has.
    pub(crate) fn reset(&self, org: &OrgId) {
        let tenant = self.tenants.write().expect("no panic under the lock").remove(org);
        if let Some(tenant) = tenant {
            tenant.world.retire();
        }
    }

    /// Forgets every organisation.
    pub(crate) fn reset_all(&self) {
        let tenants = std::mem::take(&mut *self.tenants.write().expect("no panic under the lock"));
        for tenant in tenants.into_values() {
            tenant.world.retire();
        }
    }
}
