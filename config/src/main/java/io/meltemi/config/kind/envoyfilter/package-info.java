/** Istio's EnvoyFilter: changes to what proxies are sent. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.envoyfilter;
