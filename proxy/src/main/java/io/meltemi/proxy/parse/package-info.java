/**
 * What every proto parser of the proxy shares: the place being parsed, and the deny-by-default
 * check of set fields. Runs on the thread that applies configuration, never on an event loop.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.parse;
