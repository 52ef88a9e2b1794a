import { Controller, Get, Inject } from '@nestjs/common';
import { isoTime } from '@esinet/kernel';
import { type KnownState, StateTable } from '@esinet/states';

/** What the router knows of others, for people. */
@Controller('api/states')
export class StatesController {
  constructor(@Inject(StateTable) private readonly table: StateTable) {}

  @Get()
  list(): { states: (Omit<KnownState, 'heardAt'> & { readonly heardAt?: string })[] } {
    return {
      states: this.table.list().map(({ heardAt, ...known }) => ({
        ...known,
        ...(heardAt !== undefined && { heardAt: isoTime(heardAt) }),
      })),
    };
  }
}
