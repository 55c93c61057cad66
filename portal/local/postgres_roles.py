"""What a new cluster holds before the first migration: the owner role, and the database it owns."""

import psycopg
from psycopg import sql

from portal.local.postgres import NAME, OWNER, Cluster


def prepare(cluster: Cluster) -> None:
    """Make what is missing; safe to do again. The superuser serves here and nowhere else.

    The owner makes the serving role and the database of the tests, hence CREATEROLE and CREATEDB; it is no superuser,
    which would see past row-level security.
    """
    with superuser(cluster) as connection:
        verb = "alter" if known(connection, "pg_roles", "rolname", OWNER) else "create"
        secret = connection.pgconn.encrypt_password(cluster.password(OWNER).encode(), OWNER.encode(), b"scram-sha-256")
        connection.execute(
            sql.SQL("{} role {} login createdb createrole nosuperuser nobypassrls password {}").format(
                sql.SQL(verb), sql.Identifier(OWNER), sql.Literal(secret.decode())
            )
        )
        if not known(connection, "pg_database", "datname", NAME):
            connection.execute(
                sql.SQL("create database {} owner {}").format(sql.Identifier(NAME), sql.Identifier(OWNER))
            )


def superuser(cluster: Cluster) -> psycopg.Connection:
    return psycopg.connect(
        host=str(cluster.socket_directory()),
        dbname="postgres",
        user="postgres",
        password=cluster.password("postgres"),
        autocommit=True,
        connect_timeout=10,
    )


def known(connection: psycopg.Connection, table: str, column: str, name: str) -> bool:
    query = sql.SQL("select 1 from {} where {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    return connection.execute(query, [name]).fetchone() is not None
