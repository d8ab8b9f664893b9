// Apollo Server 5 as a subgraph, a DataLoader for each edge, pg. As its documentation says: NODE_ENV=production,
// loaders made for each request, documents kept by the server itself. No token and no tenant is checked.
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { buildSubgraphSchema } from '@apollo/subgraph'
import DataLoader from 'dataloader'
import { gql } from 'graphql-tag'
import pg from 'pg'

const pool = new pg.Pool({ max: 8 })
const rows = async (text, values) => (await pool.query(text, values)).rows
// The columns that are shown, by table.
const COLUMNS = {
  tenant: 'id, name',
  location: 'tenant_id, id, name',
  area: 'tenant_id, id, name, location_id',
  device: 'tenant_id, id, serial, name, status, firmware, area_id, location_id'
}

const typeDefs = gql`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query {
    tenant(id: ID!): Tenant
    device(tenantId: ID!, id: ID!): Device
    devices(tenantId: ID!, first: Int!, offset: Int = 0, status: String, byName: Boolean = false): Devices!
  }
  type Mutation { updateDevice(tenantId: ID!, id: ID!, name: String!): Device }
  type Tenant { id: ID! name: String! locations(first: Int!): Locations! }
  type Locations { nodes: [Location!]! }
  type Location { id: ID! name: String! areas(first: Int!): Areas! }
  type Areas { nodes: [Area!]! }
  type Area { id: ID! name: String! location: Location! devices(first: Int!): Devices! }
  type Devices { totalCount: Int! nodes: [Device!]! }
  type Device @key(fields: "tenantId id") {
    tenantId: ID! id: ID! serial: String! name: String! status: String! firmware: String
    area: Area location: Location
  }
`

// A request is of one tenant. What a parent has many of is loaded whole, and cut where it is asked for.
function loaders () {
  const one = (table) => new DataLoader(async (keys) => {
    const found = await rows(
      `SELECT ${COLUMNS[table]} FROM ${table}
       WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL`,
      [keys[0].tenant, keys.map((key) => key.id)])
    const byId = new Map(found.map((row) => [row.id, row]))
    return keys.map((key) => byId.get(key.id))
  }, { cacheKeyFn: (key) => key.id })
  const many = (table, parent) => new DataLoader(async (keys) => {
    const found = await rows(
      `SELECT ${COLUMNS[table]} FROM ${table}
       WHERE tenant_id = $1 AND ${parent} = ANY ($2) AND deleted_at IS NULL ORDER BY id`,
      [keys[0].tenant, keys.map((key) => key.id)])
    const byParent = new Map(keys.map((key) => [key.id, []]))
    for (const row of found) byParent.get(row[parent]).push(row)
    return keys.map((key) => byParent.get(key.id))
  }, { cacheKeyFn: (key) => key.id })
  return {
    device: one('device'),
    area: one('area'),
    location: one('location'),
    areasOf: many('area', 'location_id'),
    devicesOf: many('device', 'area_id')
  }
}

const cut = async (loading, first) => ({ nodes: (await loading).slice(0, first) })

const resolvers = {
  Query: {
    tenant: async (_, { id }) => (await rows(`SELECT ${COLUMNS.tenant} FROM tenant WHERE id = $1`, [id]))[0],
    device: (_, { tenantId, id }, { loaders }) => loaders.device.load({ tenant: tenantId, id }),
    devices: async (_, { tenantId, first, offset, status, byName }) => ({
      tenantId,
      status,
      nodes: await rows(
        `SELECT ${COLUMNS.device} FROM device
         WHERE tenant_id = $1 ${status ? 'AND status = $4' : ''} AND deleted_at IS NULL
         ORDER BY ${byName ? 'name, id' : 'id'} LIMIT $2 OFFSET $3`,
        status ? [tenantId, first, offset, status] : [tenantId, first, offset])
    })
  },
  Mutation: {
    updateDevice: async (_, { tenantId, id, name }) => (await rows(
      `UPDATE device SET name = $3, version = version + 1, updated_at = now()
       WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING ${COLUMNS.device}`, [tenantId, id, name]))[0]
  },
  Tenant: {
    locations: async (tenant, { first }) => ({
      nodes: await rows(
        `SELECT ${COLUMNS.location} FROM location
         WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT $2`,
        [tenant.id, first])
    })
  },
  Location: {
    areas: (location, { first }, { loaders }) =>
      cut(loaders.areasOf.load({ tenant: location.tenant_id, id: location.id }), first)
  },
  Area: {
    location: (area, _, { loaders }) => loaders.location.load({ tenant: area.tenant_id, id: area.location_id }),
    devices: (area, { first }, { loaders }) =>
      cut(loaders.devicesOf.load({ tenant: area.tenant_id, id: area.id }), first)
  },
  Devices: {
    totalCount: async ({ tenantId, status }) => (await rows(
      `SELECT count(*)::int AS total FROM device
       WHERE tenant_id = $1 AND deleted_at IS NULL ${status ? 'AND status = $2' : ''}`,
      status ? [tenantId, status] : [tenantId]))[0].total
  },
  Device: {
    __resolveReference: ({ tenantId, id }, { loaders }) => loaders.device.load({ tenant: tenantId, id }),
    tenantId: (device) => device.tenant_id,
    area: (device, _, { loaders }) =>
      device.area_id && loaders.area.load({ tenant: device.tenant_id, id: device.area_id }),
    location: (device, _, { loaders }) =>
      device.location_id && loaders.location.load({ tenant: device.tenant_id, id: device.location_id })
  }
}

const server = new ApolloServer({ schema: buildSubgraphSchema([{ typeDefs, resolvers }]) })
await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(process.env.PORT) },
  context: async () => ({ loaders: loaders() })
})
