/**
 * One message's header block as flat bytes, and interned header names. A block belongs to the event
 * loop of its stream; names are immutable and free for any thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.header;
