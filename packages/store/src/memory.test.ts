import { randomUUID } from 'node:crypto';
import { MemoryStore } from '@daskup/core/state/memory';
import { storeContract } from './contract.ts';

storeContract('in memory', async () => new MemoryStore(randomUUID()));
