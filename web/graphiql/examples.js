// What the explorer opens with: a tab for each main use. A test runs every one of them; to add one, add it here.

export const EXAMPLES = [
  {
    query: `# Who the token is, how far it reaches, what it may do.
query WhoAmI {
  me {
    kind
    name
    tenant { id name slug status }
    token { id name expiresAt }
    reach { kind id }
    scopes
  }
}
`,
  },
  {
    query: `# From tenant to device. Each level is a list
# with filter, search, order and pages of its own.
query Hierarchy {
  tenant {
    name
    locations(first: 3, orderBy: NAME_ASC) {
      totalCount
      nodes {
        name
        city
        areas(first: 5, filter: { kind: { eq: ROOM } }) {
          totalCount
          nodes {
            name
            kind
            parent { name }
            devices(first: 5) {
              nodes {
                serial
                name
                status
                type { name kind }
              }
            }
          }
        }
      }
    }
  }
}
`,
  },
  {
    query: `# Devices that do not answer. For the next page,
# put endCursor into the variable "after", below.
query OfflineDevices(
  $first: Int
  $after: String
  $filter: DeviceFilter
) {
  devices(
    first: $first
    after: $after
    filter: $filter
    orderBy: SERIAL_ASC
  ) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      id
      serial
      name
      lastSeenAt
      location { name }
      area { name }
    }
  }
}
`,
    variables: `{
  "first": 10,
  "after": null,
  "filter": {
    "status": { "eq": "OFFLINE" },
    "enabled": { "eq": true }
  }
}
`,
  },
  {
    query: `# Anything by its id, whose first letters name its type.
# Copy one from another answer into "id", below.
query OneThing($id: ID!) {
  node(id: $id) {
    __typename
    id
    ... on Device {
      serial
      name
      status
      lifecycle
      firmware
      labels
      reported
      desired
      type { name manufacturer model }
      area { name parent { name } location { name } }
      version
    }
    ... on Area { name kind floor location { name } }
    ... on Location { name address city country timeZone }
  }
}
`,
    variables: `{
  "id": "dev_00000000-0000-7000-8000-000000000000"
}
`,
  },
  {
    query: `# Changing: the answer is the thing, or a problem that
# says what to do. Needs tenant.locations.write; run it
# twice, and the second answer is the first one's.
mutation AddBuilding($input: CreateLocationInput!) {
  createLocation(input: $input) {
    __typename
    ... on Location { id code name version }
    ... on Problem { message }
    ... on Invalid { fields { path message } }
  }
}
`,
    variables: `{
  "input": {
    "code": "annex",
    "name": "Annex",
    "city": "Bergen",
    "country": "NO",
    "timeZone": "Europe/Oslo",
    "clientMutationId": "my-first-building"
  }
}
`,
  },
  {
    query: `# Following: what happened, then what happens. Change
# something in another tab; the stop button ends it.
subscription Changes($sinceEvent: ID, $types: [EstateType!]) {
  estateChanged(sinceEvent: $sinceEvent, types: $types) {
    number
    kind
    type
    thingId
    changed
    at
    actor { kind name }
    thing {
      ... on Device { serial name status }
      ... on Location { code name }
    }
  }
}
`,
    variables: `{
  "sinceEvent": null,
  "types": ["DEVICE", "LOCATION"]
}
`,
  },
  {
    query: `# What a federation gateway asks for: the schema as text.
query Federation {
  _service { sdl }
}
`,
  },
];
