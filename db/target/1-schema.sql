-- The anonymised copy: the types and names as they leave the pipeline, foreign keys enforced at once.
--
-- Loaded into `shop_anonymised` and `shop_direct`. The role that writes here owns the tables and is nothing more.

SET ROLE pgrelay;

CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped', 'delivered', 'returned');

CREATE TABLE customers (
    id           bigint PRIMARY KEY,
    name         text NOT NULL,          -- full_name, renamed and masked
    email        text NOT NULL,          -- masked, and still an e-mail
    phone        text,
    card_number  text,
    birth_date   date,
    address      jsonb NOT NULL,
    credit_limit numeric(12,2),
    newsletter   boolean NOT NULL,
    created_at   timestamptz NOT NULL    -- no note: it never leaves the source
);
CREATE INDEX ON customers (email);

CREATE TABLE products (
    id      integer PRIMARY KEY,
    sku     text NOT NULL,
    title   text NOT NULL,
    price   numeric(10,2) NOT NULL,
    tags    text[] NOT NULL,
    weight  double precision,
    active  boolean NOT NULL
);

CREATE TABLE orders (
    id            bigint PRIMARY KEY,
    customer_id   bigint NOT NULL REFERENCES customers,
    status        order_status NOT NULL,
    contact_email text NOT NULL,
    placed_at     timestamptz NOT NULL
);
CREATE INDEX ON orders (customer_id);

CREATE TABLE order_items (
    order_id   bigint NOT NULL REFERENCES orders,
    line_no    integer NOT NULL,
    product_id integer NOT NULL REFERENCES products,
    quantity   integer NOT NULL,
    unit_price numeric(10,2) NOT NULL,
    PRIMARY KEY (order_id, line_no)
);
CREATE INDEX ON order_items (product_id);
