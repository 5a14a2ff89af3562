/** {@code meltemi discovery}: a control plane by pilot-discovery's command line. Main thread. */
@NullMarked
package io.meltemi.cli.command.discovery;

import org.jspecify.annotations.NullMarked;
