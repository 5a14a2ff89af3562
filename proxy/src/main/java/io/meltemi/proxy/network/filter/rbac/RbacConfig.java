package io.meltemi.proxy.network.filter.rbac;

import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.rbac.RbacCheck;

/**
 * The rules of a chain.
 *
 * @param continuous whether every piece of data is checked, not only the first
 * @param delayNanos how long a denied connection stays open and unread; 0 closes it at once
 */
record RbacConfig(RbacCheck check, boolean continuous, long delayNanos)
    implements NetworkFilterConfig {
  @Override
  public void install(DownstreamConnection connection) {
    connection.channel().pipeline().addLast(new RbacHandler(this, connection));
  }
}
