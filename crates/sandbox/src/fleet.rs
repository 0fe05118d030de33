//! Tenants: the Applications of the testbed's fleet, made with the same options.
