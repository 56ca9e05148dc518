import textwrap
M = []
def m(name, why, file, old, new):
    M.append((name, why, file, old, new))
m("cap_depth_not_counted","A copy has the depth of its source: TOO_DEEP never comes.","kernel/cap/cap.c",
"        child->depth = (uint8_t)(parent->depth + 1);","        child->depth = parent->depth;")
m("cap_rights_not_masked","A copy gets the rights asked for, whatever the source has.","kernel/cap/cap.c",
"    created->rights = (uint16_t)(source->rights & rights);","    created->rights = (uint16_t)rights;")
m("cap_frozen_only_itself","Below a capability that is being revoked new ones can be derived.","kernel/cap/cap.c",
"    for (const struct cap *cap = source; cap != NULL; cap = cap->parent) {","    for (const struct cap *cap = source; cap == source; cap = cap->parent) {")
m("cap_move_forgets_sibling","The next sibling still points to where the capability was.","kernel/cap/cap.c",
"""    if (destination->next != NULL) {
        destination->next->previous = destination;
    }
""","")
m("cap_move_forgets_attachment","The address space lists an attached run where it no longer is.","kernel/cap/cap.c",
"    if (cap_is_attached(destination)) {","    if (cap_is_attached(destination) && destination->type == OBJECT_PAGE_TABLE) {")
m("lookup_checks_manage_only","Other rights than MANAGE are not looked at.","kernel/cap/include/cap/cap.h",
"    if ((cap->rights & rights) != rights) {","    if (rights == RIGHT_MANAGE && !(cap->rights & rights)) {")
m("lookup_slot_past_the_end","The slot behind the last one is looked at.","kernel/cap/include/cap/cap.h",
"""                                          struct cap **found)
{
    if (addr - 1 >= (uint64_t)table->slot_count - 1) {""","""                                          struct cap **found)
{
    if (addr - 1 >= (uint64_t)table->slot_count) {""")
m("revoke_leaves_it_frozen","A revocation that is complete leaves the mark.","kernel/cap/revoke.c",
"        cap->flags &= (uint8_t)~CAP_FROZEN;","        cap->flags |= CAP_FROZEN;")
m("table_doomed_twice","A table that is being emptied is put on the list again.","kernel/cap/revoke.c",
"    if (table->is_doomed) {","    if (table->is_doomed && table->sweep == 0) {")
m("retype_slots_off_by_one","The last object's capability may lie behind the table.","kernel/object/untyped.c",
"        args->count > table->slot_count - args->first) {","        args->count > table->slot_count - args->first + 1) {")
m("retype_gap_not_zeroed","The gap before an aligned object counts as zero.","kernel/object/untyped.c",
"        run->zeroed_bytes = run->used_bytes;","        run->zeroed_bytes = (run->used_bytes + 4095) & ~4095ull;")
m("retype_overlaps_the_last","The used mark stops short of the last object.","kernel/object/untyped.c",
"    run->used_bytes = end;","    run->used_bytes = end - (args->count > 1 ? stride : 0);")
m("retype_device_memory_as_table","Registers of a device can become a kernel object.","kernel/object/untyped.c",
"(run->is_device && args->type != OBJECT_FRAME && args->type != OBJECT_UNTYPED)","(run->is_device && args->type == OBJECT_CAP_TABLE)")
m("unmap_without_flush","The processor still reaches a page that was unmapped.","kernel/mm/methods.c",
"""            *entry = 0;
            vspace_flush(inv->core, space, at);
""","""            *entry = 0;
""")
m("protect_without_flush","The processor still writes to a page that is read-only now.","kernel/mm/methods.c",
"""        *entry = pte_protect(*entry, args->prot);
        vspace_flush(inv->core, space, at);
""","""        *entry = pte_protect(*entry, args->prot);
""")
m("protect_beyond_the_frame","WRITE can be given to a page whose frame does not allow it.","kernel/mm/methods.c",
"    if ((prot & ~pte_may(pte)) != 0 ||\n","    if ((prot & ~pte_may(pte) & PROT_EXEC) != 0 ||\n")
m("frame_range_too_short","Detaching misses the last page.","kernel/mm/runs.c",
"""    if (at + size_bytes > frame->run.high) {
        frame->run.high = at + size_bytes;""","""    if (at + size_bytes - 4096 > frame->run.high) {
        frame->run.high = at + size_bytes - 4096;""")
m("tables_taken_from_a_leaving_run","map takes a table from a run that is being detached.","kernel/mm/vspace.c",
" && !run->is_leaving) {",") {")
m("table_removed_without_flush","The processor still walks a page table that went.","kernel/mm/runs.c",
"            arch_tlb_flush_all();\n","")
m("space_stays_loaded","The page tables of a destroyed space stay loaded.","kernel/mm/runs.c",
"    arch_vspace_leave(core, space->root);","    (void)core;")
m("map_without_frame_rights","A frame can be mapped with rights that its capability lacks.","kernel/mm/vspace.c",
"    if ((prot & ~may) != 0 || (prot","    if ((prot & ~(may | PROT_WRITE)) != 0 || (prot")
m("edge_cut_without_update","Cutting an edge leaves the priority it lent.","kernel/sched/lend.c",
"""        lend->to = NULL;
        lend_update(core, to);
""","""        lend->to = NULL;
        lend_update(core, lend);
""")
m("boost_not_requeued","A caller whose priority rises keeps its old place among the callers.","kernel/sched/lend.c",
"        if (lend_key(lend) != old_key) {\n            queue_remove","        if (lend_key(lend) > old_key) {\n            queue_remove")
m("ready_not_requeued","A ready thread whose priority rises keeps its old place in the ready queue.","kernel/sched/lend.c",
"        if (thread->ready.is_queued && key != old_key) {","        if (thread->ready.is_queued && key > old_key) {")
m("top_ignores_budget","A thread runs on a context without budget.","kernel/sched/lend.c",
"        if (own != NULL && !own->has_budget) {","        if (own != NULL && own->core == NULL) {")
m("queue_ring_loses_leader","The leader of a ring leaves and nobody takes its place in the tree.","kernel/sched/queue.c",
"        if (node->is_leader) {\n            replace_leader(queue, node, node->next);","        if (node->is_leader) {\n            node->next->is_leader = true;")
m("refill_added_twice","Time that comes back comes back twice.","kernel/sched/context.c",
"""        if (head->amount_ns > 0) {
            refill_add(context, start_ns + context->period_ns, piece);""","""        if (head->amount_ns > 0) {
            refill_add(context, start_ns + context->period_ns, 2 * piece);""")
m("replenishment_forgotten","A context that ran dry is never filled again.","kernel/sched/context.c",
"    if (!has_budget) {\n        timed_arm","    if (!has_budget && context->count > 1) {\n        timed_arm")
m("timer_band_not_covered","When a less important context runs, its events are not armed for.","kernel/sched/include/sched/sched.h",
"        if (band < core->armed_band) {\n            timers_cover_more(core, band);\n        }","        if (band + 1 < core->armed_band) {\n            timers_cover_more(core, band + 1);\n        }")
m("endpoint_keeps_empty_edge","An endpoint whose last caller leaves still lends to its server.","kernel/ipc/endpoint.c",
"    if (queue_is_empty(&endpoint->lend.from)) {\n        lend_detach(core, &endpoint->lend);\n    }\n}\n\nstatic void server_leave","    if (endpoint->server == NULL) {\n        lend_detach(core, &endpoint->lend);\n    }\n}\n\nstatic void server_leave")
m("server_list_previous_wrong","A new endpoint is not the previous one of the old first.","kernel/ipc/endpoint.c",
"    if (server->endpoints != NULL) {\n        server->endpoints->previous_of_server = endpoint;\n    }\n","")
m("caller_gone_not_told","A server does not hear that its caller's time was up.","kernel/ipc/cut.c",
"        thread->served_by->caller_is_gone = true;","        thread->served_by->caller_is_gone = thread->call_is_fault;")
m("timeout_left_queued","A wait that ends leaves its deadline behind.","kernel/ipc/cut.c",
"    timed_cancel(core, &thread->timeout);\n    thread->state = THREAD_STATE_INACTIVE;","    if (thread->state != THREAD_STATE_WAITING) {\n        timed_cancel(core, &thread->timeout);\n    }\n    thread->state = THREAD_STATE_INACTIVE;")
m("deferred_list_broken","A deferred call that ends is unlinked on one side only.","kernel/ipc/cut.c",
"""    if (reply->next_deferred != NULL) {
        reply->next_deferred->previous_deferred = reply->previous_deferred;
    }
""","")
m("signal_keeps_bits","Bits that were handed to a waiter stay set.","kernel/ipc/notification.c",
"""    notification->bits &= ~bits;
    give(waiter, bits, 0);""","""    give(waiter, bits, 0);""")
m("grant_not_needed","Capabilities travel through an endpoint without the right to.","kernel/ipc/message.c",
"            if (!may_grant) {","            if (!may_grant && transfer.count > 1) {")
m("message_last_word_missing","The last word of a long message is not copied.","kernel/ipc/message.c",
"                                   words - MSG_REGISTER_WORDS);","                                   words - MSG_REGISTER_WORDS - 1);")
m("message_slot_named_twice","Two capabilities land in one slot.","kernel/ipc/message.c",
"        if (transfer->destinations[i] == transfer->destinations[index]) {\n            return ERR_NO_SLOT;","        if (transfer->destinations[i] == transfer->destinations[index] && index > 2) {\n            return ERR_NO_SLOT;")
m("call_upwards","A call to its own rank is let through.","kernel/ipc/call.c",
"    if (caller->lend.rank <= endpoint->lend.rank) {","    if (caller->lend.rank < endpoint->lend.rank) {")
m("receive_above_rank","A thread of a higher rank than the endpoint may serve it.","kernel/ipc/receive.c",
"        if (server->lend.rank > endpoint->lend.rank) {","        if (server->lend.rank > endpoint->lend.rank + 1) {")
m("defer_keeps_edge","A deferred call still lends its time to the server.","kernel/object/ipc_methods.c",
"    lend_detach(inv->core, &caller->lend);\n","")
m("endpoint_dies_with_callers","Destroying an endpoint lets one caller wait on.","kernel/object/destroy.c",
"    while (endpoint_fail_first(core, endpoint, ERR_GONE)) {","    if (endpoint_fail_first(core, endpoint, ERR_GONE)) {")
m("thread_dies_with_handler","A destroyed thread still refers to its fault handler.","kernel/object/thread.c",
"    cap_unembed(&thread->handler_cap);\n    cap_unembed(&thread->buffer_cap);","    cap_unembed(&thread->buffer_cap);")
m("thread_dies_while_loaded","The core believes that a destroyed thread's registers are loaded.","kernel/object/thread.c",
"    arch_thread_forget(core, thread);\n","")
m("buffer_past_the_frame","The message buffer may lie behind its frame.","kernel/object/thread.c",
"offset >= frame->run.size_bytes) {","offset > frame->run.size_bytes) {")
m("timer_period_wraps","A period near the end of time wraps around to the past.","kernel/object/device.c",
"        if (next_ns < timer->period_ns) {","        if (next_ns < 2) {")
m("irq_acknowledged_unmasked","A level-triggered line is not masked until the program has looked after it.","kernel/object/device.c",
"    if (irq->is_level) {\n        irq_mask(irq, true);","    if (irq->is_level) {\n        irq_mask(irq, false);")
m("port_range_off_by_one","The port behind the range can be written.","kernel/object/io_port.c",
"first - port->first <= port->count - width;","first - port->first <= port->count - width + 1;")
import os
for name, why, file, old, new in M:
    s = open('/work/main/'+file).read()
    n = s.count(old)
    if n != 1:
        print(name, file, n)
        continue
    # whole lines
    i = s.index(old); a = s.rfind('\n',0,i)+1; j=i+len(old); b = j if s[j-1]=='\n' else s.index('\n',j)+1
    before = s[a:b]; after = s[a:i]+new+s[j:b]
    out = f"# {why}\nfile {file}\n" + ''.join('-'+l+'\n' for l in before.splitlines()) + ''.join('+'+l+'\n' for l in after.splitlines())
    open(f'{name}.mutant','w').write(out)
print(len(M))
