package io.meltemi.samples.bookinfo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;

/**
 * Sends every call to the HTTP proxy named by {@code HTTP_PROXY} or {@code http_proxy}, except to
 * the hosts of {@code NO_PROXY} (comma-separated names, suffixes that begin with a dot, {@code *}).
 */
final class MeshProxy extends ProxySelector {
  private final List<Proxy> proxy;
  private final List<String> direct;

  private MeshProxy(List<Proxy> proxy, List<String> direct) {
    this.proxy = proxy;
    this.direct = direct;
  }

  /**
   * Reads the environment; without a proxy every call goes direct.
   *
   * @throws IllegalArgumentException when the variable is not a URL with host and port
   */
  static MeshProxy from(Environment environment) {
    String url = environment.text("HTTP_PROXY", environment.text("http_proxy", ""));
    List<String> direct =
        List.of(environment.text("NO_PROXY", environment.text("no_proxy", "")).split(","));
    if (url.isEmpty()) {
      return new MeshProxy(List.of(Proxy.NO_PROXY), direct);
    }
    URI uri = URI.create(url.contains("://") ? url : "http://" + url);
    if (uri.getHost() == null || uri.getPort() < 0) {
      throw new IllegalArgumentException("HTTP_PROXY: " + url + " (expected: http://host:port)");
    }
    InetSocketAddress address = new InetSocketAddress(uri.getHost(), uri.getPort());
    return new MeshProxy(List.of(new Proxy(Proxy.Type.HTTP, address)), direct);
  }

  @Override
  public List<Proxy> select(URI uri) {
    String host = uri.getHost() == null ? "" : uri.getHost();
    for (String entry : direct) {
      String name = entry.strip();
      boolean matches =
          name.equals("*") || name.equals(host) || (name.startsWith(".") && host.endsWith(name));
      if (matches) {
        return List.of(Proxy.NO_PROXY);
      }
    }
    return proxy;
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException cause) {
    // the caller of the request sees the failure
  }
}
