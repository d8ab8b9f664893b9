// Compiled by relay-compiler, which checks the connection, the refetch through `node` and every name against our SDL.
import { graphql } from 'relay-runtime';

graphql`
  fragment DevicesPage_tenant on Tenant
  @argumentDefinitions(
    first: { type: "Int!" }
    after: { type: "String" }
    filter: { type: "DeviceFilter" }
  )
  @refetchable(queryName: "DevicesPageMoreQuery") {
    devices(first: $first, after: $after, filter: $filter, orderBy: SERIAL_ASC)
      @connection(key: "DevicesPage_devices", filters: []) {
      edges { node { serial } }
    }
  }
`;

graphql`
  query DevicesPageQuery($first: Int!, $filter: DeviceFilter) {
    tenant { ...DevicesPage_tenant @arguments(first: $first, filter: $filter) }
  }
`;
