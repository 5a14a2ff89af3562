/** Tables of names (NDS) from which the agents beside proxies answer DNS. Any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.names;
