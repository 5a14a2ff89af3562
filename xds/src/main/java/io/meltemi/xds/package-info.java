/**
 * The xDS transport protocol, both sides, without any meaning of what is carried (<a
 * href="https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol">xDS protocol</a>).
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.xds;
