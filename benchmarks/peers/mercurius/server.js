// Fastify, Mercurius with its JIT from the first request on and its own batching loaders, pg. As its documentation
// says: documents are kept by Mercurius itself. No token and no tenant is checked.
import Fastify from 'fastify'
import mercurius from 'mercurius'
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

const schema = `
  type Query {
    tenant(id: ID!): Tenant
    device(tenantId: ID!, id: ID!): Device
    devices(tenantId: ID!, first: Int!, offset: Int = 0, status: String, byName: Boolean = false): Devices!
    devicesById(tenantId: ID!, ids: [ID!]!): [Device]!
  }
  type Mutation { updateDevice(tenantId: ID!, id: ID!, name: String!): Device }
  type Tenant { id: ID! name: String! locations(first: Int!): Locations! }
  type Locations { nodes: [Location!]! }
  type Location { id: ID! name: String! areas(first: Int!): Areas! }
  type Areas { nodes: [Area!]! }
  type Area { id: ID! name: String! location: Location! devices(first: Int!): Devices! }
  type Devices { totalCount: Int! nodes: [Device!]! }
  type Device {
    id: ID! serial: String! name: String! status: String! firmware: String
    area: Area location: Location
  }
`

const byIds = async (table, tenant, ids) => {
  const found = await rows(
      `SELECT ${COLUMNS[table]} FROM ${table}
       WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL`,
    [tenant, ids])
  const byId = new Map(found.map((row) => [row.id, row]))
  return ids.map((id) => byId.get(id))
}

const resolvers = {
  Query: {
    tenant: async (_, { id }) => (await rows(`SELECT ${COLUMNS.tenant} FROM tenant WHERE id = $1`, [id]))[0],
    device: async (_, { tenantId, id }) => (await byIds('device', tenantId, [id]))[0],
    devicesById: (_, { tenantId, ids }) => byIds('device', tenantId, ids),
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
  Devices: {
    totalCount: async ({ tenantId, status }) => (await rows(
      `SELECT count(*)::int AS total FROM device
       WHERE tenant_id = $1 AND deleted_at IS NULL ${status ? 'AND status = $2' : ''}`,
      status ? [tenantId, status] : [tenantId]))[0].total
  }
}

// A request is of one tenant. What a parent has many of is loaded whole, and cut where it is asked for.
const one = (table, column) => async (queries) =>
  byIds(table, queries[0].obj.tenant_id, queries.map(({ obj }) => obj[column]))
const many = (table, parent) => async (queries) => {
  const found = await rows(
    `SELECT ${COLUMNS[table]} FROM ${table}
       WHERE tenant_id = $1 AND ${parent} = ANY ($2) AND deleted_at IS NULL ORDER BY id`,
    [queries[0].obj.tenant_id, queries.map(({ obj }) => obj.id)])
  const byParent = new Map(queries.map(({ obj }) => [obj.id, []]))
  for (const row of found) byParent.get(row[parent]).push(row)
  return queries.map(({ obj, params }) => ({ nodes: byParent.get(obj.id).slice(0, params.first) }))
}

const loaders = {
  Tenant: {
    locations: (queries) => Promise.all(queries.map(async ({ obj, params }) => ({
      nodes: await rows(
        `SELECT ${COLUMNS.location} FROM location
         WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT $2`,
        [obj.id, params.first])
    })))
  },
  Location: { areas: many('area', 'location_id') },
  Area: { location: one('location', 'location_id'), devices: many('device', 'area_id') },
  Device: { area: one('area', 'area_id'), location: one('location', 'location_id') }
}

const app = Fastify()
app.register(mercurius, { schema, resolvers, loaders, jit: 1 })
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
