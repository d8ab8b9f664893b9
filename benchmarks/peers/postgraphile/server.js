// PostGraphile 5 with its Amber preset: the whole schema is made from the tables as they are. It is told what it cannot
// see: what belongs to a tenant (no key says so), and that partial indexes serve too. No token and no tenant is
// checked.
import { createServer } from 'node:http'
import pg from 'pg'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { jsonPgSmartTags } from 'postgraphile/utils'

const tenant = { tags: { foreignKey: '(tenant_id) references tenant (id)' } }
const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [jsonPgSmartTags({ version: 1, config: { class: { location: tenant, device: tenant } } })],
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  pgServices: [makePgService({ pool: new pg.Pool({ max: 8 }), schemas: ['public'] })],
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false }
}
const server = createServer()
const serving = postgraphile(preset).createServ(grafserv)
await serving.addTo(server)
server.listen(Number(process.env.PORT), '127.0.0.1')
