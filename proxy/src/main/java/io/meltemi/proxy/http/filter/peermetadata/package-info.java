/** {@code istio.metadata_exchange} for requests: headers by which workloads know each other. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.peermetadata;
