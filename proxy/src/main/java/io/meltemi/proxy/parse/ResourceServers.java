package io.meltemi.proxy.parse;

import java.time.Duration;
import java.util.Optional;

/** Who is asked for resources of one type, name by name. Configuration thread. */
public interface ResourceServers {
  /** Where nobody can be asked. */
  ResourceServers NONE =
      new ResourceServers() {
        @Override
        public Optional<String> problem(ApiSource server) {
          return Optional.empty();
        }

        @Override
        public boolean subscribe(ResourceSource source, String name, Duration fetchTimeout) {
          return false;
        }

        @Override
        public void unsubscribe(ResourceSource source, String name) {}
      };

  /** Why a server cannot be asked; empty when it can. */
  Optional<String> problem(ApiSource server);

  /**
   * A resource is wanted from now on.
   *
   * @param fetchTimeout how long the first answer may take until who asked is told that it is
   *     missing; zero for ever
   * @return false when nobody can be asked, so that nobody should wait
   */
  boolean subscribe(ResourceSource source, String name, Duration fetchTimeout);

  /** A resource is not used any more. */
  void unsubscribe(ResourceSource source, String name);
}
