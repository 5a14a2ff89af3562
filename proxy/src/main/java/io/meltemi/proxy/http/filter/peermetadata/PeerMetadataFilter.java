package io.meltemi.proxy.http.filter.peermetadata;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.transport.PeerMetadata;

/**
 * Takes peers' metadata out of what goes to applications and puts this proxy's own in. A client is
 * answered with as much as it told itself.
 */
final class PeerMetadataFilter implements HttpFilter {
  private static final HeaderName ID = HeaderName.of(PeerMetadata.ID_HEADER);
  private static final HeaderName METADATA = HeaderName.of(PeerMetadata.HEADER);

  private final HttpFilterContext context;
  private final Directions directions;
  private final PeerMetadata own;
  private final ClusterManager clusters;
  private boolean idFromClient;
  private boolean metadataFromClient;

  /**
   * Whom metadata is taken from, and whom it is told.
   *
   * @param meshOnly whether servers outside the mesh are told nothing
   */
  record Directions(
      boolean fromClient,
      boolean fromServer,
      boolean toClient,
      boolean toServer,
      boolean meshOnly) {}

  PeerMetadataFilter(
      HttpFilterContext context, Directions directions, PeerMetadata own, ClusterManager clusters) {
    this.context = context;
    this.directions = directions;
    this.own = own;
    this.clusters = clusters;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    if (directions.fromClient()) {
      idFromClient = headers.remove(ID) > 0;
      metadataFromClient = headers.remove(METADATA) > 0;
    }
    if (directions.toServer() && !(directions.meshOnly() && isExternal())) {
      headers.set(ID, own.id());
      headers.set(METADATA, own.header());
    }
    return FilterStatus.CONTINUE;
  }

  private boolean isExternal() {
    RouteChoice choice = context.routeChoice();
    String name = choice == null ? null : choice.cluster();
    Cluster cluster = name == null ? null : clusters.get(name);
    return cluster != null && cluster.settings().traits().external();
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    if (directions.fromServer()) {
      headers.remove(ID);
      headers.remove(METADATA);
    }
    if (directions.toClient()) {
      if (idFromClient) {
        headers.set(ID, own.id());
      }
      if (metadataFromClient) {
        headers.set(METADATA, own.header());
      }
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public void onStreamEnd() {
    idFromClient = false;
    metadataFromClient = false;
  }
}
