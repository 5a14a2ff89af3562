/** {@code istio.metadata_exchange} for connections: the peers' metadata before the first byte. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.network.filter.metadataexchange;
