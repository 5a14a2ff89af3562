/**
 * What one event loop owns beside its channels: coarse timers, cached time, batched flushes. All of
 * it runs on that loop only.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.loop;
