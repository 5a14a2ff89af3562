/** {@code meltemi proxy}: a proxy by Envoy's command line. Main thread. */
@NullMarked
package io.meltemi.cli.command.proxy;

import org.jspecify.annotations.NullMarked;
