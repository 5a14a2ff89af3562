/**
 * The {@code original_dst} listener filter: asks the kernel where a redirected connection wanted to
 * go. Event loop of the connection.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.listener.filter.originaldst;
