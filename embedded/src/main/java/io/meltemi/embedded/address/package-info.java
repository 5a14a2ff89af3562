/**
 * Loopback addresses and ports for pods that share one machine. An allocation is tried by binding
 * and letting go, so another program may still come first; who binds then says so. One thread.
 */
@NullMarked
package io.meltemi.embedded.address;

import org.jspecify.annotations.NullMarked;
