//! Every organisation of this emulator.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use leap0_emulator_core::id::OrgId;
use leap0_emulator_core::service::Host;

use super::Tenant;

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
