/** Istio's ProxyConfig resource: settings of the proxies of a namespace. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.proxyconfig;
