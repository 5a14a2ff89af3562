package io.meltemi.bench.swarm;

/**
 * A response of the delta protocol: what is needed of it, found in its bytes. Belongs to an event
 * loop and is used again for the next response.
 */
final class Response {
  private static final int RESOURCES = 2;
  private static final int TYPE_URL = 4;
  private static final int NONCE = 5;
  private static final int REMOVED = 6;
  private static final int RESOURCE_BODY = 2;
  private static final int RESOURCE_NAME = 3;
  private static final int ANY_VALUE = 2;
  private static final int CLUSTER_NAME = 1;
  private static final int CLUSTER_TYPE = 2;
  private static final int CLUSTER_EDS = 3;
  private static final int CLUSTER_TYPE_EDS = 3;
  private static final int EDS_SERVICE_NAME = 2;
  private static final int LISTENER_CHAINS = 3;
  private static final int LISTENER_DEFAULT_CHAIN = 25;
  private static final int CHAIN_FILTERS = 3;
  private static final int FILTER_CONFIG = 4;
  private static final int ANY_TYPE = 1;
  private static final int MANAGER_ROUTES = 3;
  private static final int ROUTES_NAME = 2;
  private static final byte[] CONNECTION_MANAGER =
      ("type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
              + ".HttpConnectionManager")
          .getBytes(java.nio.charset.StandardCharsets.UTF_8);

  private final Fields fields = new Fields();
  private final Fields inner = new Fields();
  private final Fields any = new Fields();
  private final Fields chain = new Fields();
  private final Fields filter = new Fields();
  private final Fields routes = new Fields();
  private final Resource resource = new Resource();
  private byte[] bytes = {};
  private int length;
  private Kind kind = Kind.CLUSTER;
  private String nonce = "";

  /** Told of the resources of a response, in its order. */
  interface Reader {
    void upsert(Kind kind, Resource resource);

    void remove(Kind kind, byte[] bytes, int from, int to);
  }

  /** Told of names in a resource. */
  interface NameReader {
    void name(byte[] bytes, int from, int to);
  }

  /**
   * Begins with a response.
   *
   * @throws IllegalArgumentException when it is none
   */
  void over(byte[] all, int size) {
    bytes = all;
    length = size;
    nonce = "";
    boolean typed = false;
    fields.over(all, 0, size);
    while (fields.next()) {
      if (fields.number() == TYPE_URL) {
        kind = Kind.of(all, fields.from(), fields.to());
        typed = true;
      } else if (fields.number() == NONCE) {
        nonce =
            new String(
                all,
                fields.from(),
                fields.to() - fields.from(),
                java.nio.charset.StandardCharsets.UTF_8);
      }
    }
    if (!typed) {
      throw new IllegalArgumentException("a response without a type");
    }
  }

  Kind kind() {
    return kind;
  }

  String nonce() {
    return nonce;
  }

  /** Bytes of all of it. */
  int length() {
    return length;
  }

  void read(Reader reader) {
    fields.over(bytes, 0, length);
    while (fields.next()) {
      if (fields.number() == RESOURCES) {
        find(fields.from(), fields.to());
        reader.upsert(kind, resource);
      } else if (fields.number() == REMOVED) {
        reader.remove(kind, bytes, fields.from(), fields.to());
      }
    }
  }

  private void find(int from, int to) {
    resource.bytes = bytes;
    resource.nameFrom = 0;
    resource.nameTo = 0;
    resource.bodyFrom = 0;
    resource.bodyTo = 0;
    inner.over(bytes, from, to);
    while (inner.next()) {
      if (inner.number() == RESOURCE_NAME) {
        resource.nameFrom = inner.from();
        resource.nameTo = inner.to();
      } else if (inner.number() == RESOURCE_BODY) {
        any.over(bytes, inner.from(), inner.to());
        while (any.next()) {
          if (any.number() == ANY_VALUE) {
            resource.bodyFrom = any.from();
            resource.bodyTo = any.to();
          }
        }
      }
    }
  }

  /** Tells the name under which a cluster's endpoints are asked for, if they are. */
  void endpointsOf(Resource cluster, NameReader reader) {
    int nameFrom = 0;
    int nameTo = 0;
    boolean asked = false;
    inner.over(cluster.bytes, cluster.bodyFrom, cluster.bodyTo);
    while (inner.next()) {
      switch (inner.number()) {
        case CLUSTER_NAME -> {
          if (nameTo == 0) {
            nameFrom = inner.from();
            nameTo = inner.to();
          }
        }
        case CLUSTER_TYPE -> asked = inner.value() == CLUSTER_TYPE_EDS;
        case CLUSTER_EDS -> {
          any.over(cluster.bytes, inner.from(), inner.to());
          while (any.next()) {
            if (any.number() == EDS_SERVICE_NAME && any.to() > any.from()) {
              nameFrom = any.from();
              nameTo = any.to();
            }
          }
        }
        default -> {}
      }
    }
    if (asked) {
      reader.name(cluster.bytes, nameFrom, nameTo);
    }
  }

  /** Tells the names of the route configurations that a listener asks for. */
  void routesOf(Resource listener, NameReader reader) {
    inner.over(listener.bytes, listener.bodyFrom, listener.bodyTo);
    while (inner.next()) {
      if (inner.number() == LISTENER_CHAINS || inner.number() == LISTENER_DEFAULT_CHAIN) {
        chain.over(listener.bytes, inner.from(), inner.to());
        while (chain.next()) {
          if (chain.number() == CHAIN_FILTERS) {
            filter.over(listener.bytes, chain.from(), chain.to());
            while (filter.next()) {
              if (filter.number() == FILTER_CONFIG) {
                routesOfFilter(listener.bytes, filter.from(), filter.to(), reader);
              }
            }
          }
        }
      }
    }
  }

  private void routesOfFilter(byte[] all, int from, int to, NameReader reader) {
    any.over(all, from, to);
    boolean http = false;
    int begin = 0;
    int end = 0;
    while (any.next()) {
      if (any.number() == ANY_TYPE) {
        http = Slices.equal(all, any.from(), any.to(), CONNECTION_MANAGER);
      } else if (any.number() == ANY_VALUE) {
        begin = any.from();
        end = any.to();
      }
    }
    if (!http) {
      return;
    }
    any.over(all, begin, end);
    while (any.next()) {
      if (any.number() == MANAGER_ROUTES) {
        routes.over(all, any.from(), any.to());
        while (routes.next()) {
          if (routes.number() == ROUTES_NAME) {
            reader.name(all, routes.from(), routes.to());
          }
        }
      }
    }
  }
}
