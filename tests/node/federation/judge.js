// Composes the SDL in FILE with the tickets' subgraph and prints the errors and hints as JSON.
import { readFileSync } from 'node:fs';
import { compose } from './compose.js';

const { errors, hints } = compose('http://tenantry.test', readFileSync(process.argv[2], 'utf8'), 'http://tickets.test');
console.log(JSON.stringify({ errors: (errors ?? []).map(String), hints: (hints ?? []).map(String) }));
